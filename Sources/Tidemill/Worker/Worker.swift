/// One of a stage's workers: takes jobs as they come, a run at a time, and sees every one of them off.
final class Worker {
    private let input: Channel<Delivery>
    private let processor: any Processor
    private let router: Router
    private let sequencer: Sequencer?
    private let clock: any PipelineClock
    private var results: BatchResults
    private var sizer = BatchSizer()

    init(
        input: Channel<Delivery>,
        processor: any Processor,
        router: Router,
        ports: Int,
        sequencer: Sequencer?,
        clock: any PipelineClock
    ) {
        self.input = input
        self.processor = processor
        self.router = router
        self.sequencer = sequencer
        self.clock = clock
        results = BatchResults(ports: ports)
    }

    /// Works until the channel has ended.
    func run() async {
        let batch = Batch<Delivery>()
        while await input.receive(batch, limit: sizer.limit) == .done {
            await work(batch)
        }
        await processor.close()
    }

    /// The way of a run of jobs through the stage: handle, send on, settle.
    private func work(_ batch: Batch<Delivery>) async {
        let (count, position) = (batch.count, batch.position)
        let start = clock.now
        router.tally.isBusy = true
        await processor.process(batch, results)
        let spent = (clock.now - start).nanoseconds
        sizer.record(count: count, nanoseconds: spent)
        if let sequencer {
            let end = position + UInt64(count)
            results = await sequencer.deliver(results, start: position, end: end, through: router)
        } else {
            await router.forward(results)
        }
        router.tally.received.add(count)
        router.tally.busyNanoseconds.add(spent)
        router.tally.isBusy = false
    }
}

extension Duration {
    package var nanoseconds: Int {
        Int(components.seconds) * 1_000_000_000 + Int(components.attoseconds / 1_000_000_000)
    }
}
