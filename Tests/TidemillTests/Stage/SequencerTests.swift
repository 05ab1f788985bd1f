import Logging
import Synchronization
import Testing
import TidemillTesting

@testable import Tidemill

@Suite(.timeLimit(.minutes(10))) struct SequencerTests {
    private let ledger = Ledger(source: 0, capacity: 65_536)
    private let output = Channel<Delivery>(limits: ChannelLimits(capacity: 65_536))

    private func router() -> Router {
        let policy = FailurePolicy(
            node: "test",
            policy: .drop,
            deadLetters: nil,
            record: { _, _ in .null },
            jobID: { _ in "" },
            stop: { _ in },
            logger: Logger(label: "test")
        )
        return Router(
            routes: [[output]],
            failures: policy,
            ledgers: [ledger],
            tally: Tally(),
            counts: FailureCounts(),
            control: PipelineControl(),
            clock: SystemClock()
        )
    }

    private func results(_ numbers: Range<UInt64>) -> BatchResults {
        let results = BatchResults(ports: 1)
        for number in numbers {
            let job = Job(.integer(Int64(number)))
            results.pass(Delivery(job, ticket: Ticket(source: 0, sequence: number)), job.value)
        }
        return results
    }

    private func sent() -> [Int64] {
        let batch = Batch<Delivery>()
        _ = output.tryReceive(batch, limit: .max)
        return batch.elements.compactMap { $0.job.value.integer }
    }

    @Test func whatComesTooEarlyIsHeldBack() async {
        let sequencer = Sequencer(window: 9) { _ in }
        _ = await sequencer.deliver(results(2..<4), start: 2, end: 4, through: router())
        _ = await sequencer.deliver(results(5..<6), start: 5, end: 6, through: router())
        #expect(sent().isEmpty)
        _ = await sequencer.deliver(results(0..<2), start: 0, end: 2, through: router())
        #expect(sent() == [0, 1, 2, 3])
        _ = await sequencer.deliver(results(4..<5), start: 4, end: 5, through: router())
        #expect(sent() == [4, 5])
    }

    @Test func theHorizonIsNeverFurtherThanTheWindow() async {
        let horizons = Mutex<[UInt64]>([])
        let sequencer = Sequencer(window: 4) { horizon in horizons.withLock { $0.append(horizon) } }
        #expect(horizons.withLock { $0 } == [4])
        _ = await sequencer.deliver(results(1..<4), start: 1, end: 4, through: router())
        #expect(horizons.withLock { $0 } == [4], "the first job is still missing")
        _ = await sequencer.deliver(results(0..<1), start: 0, end: 1, through: router())
        #expect(horizons.withLock { $0 } == [4, 8])
        _ = await sequencer.deliver(results(4..<5), start: 4, end: 5, through: router())
        #expect(horizons.withLock { $0 } == [4, 8], "not for every job")
    }

    @Test(arguments: [1, 2, 8, 64]) func theOrderIsExact(workers: Int) async {
        let input = Channel<Delivery>(limits: ChannelLimits(capacity: 64))
        let sequencer = Sequencer(window: 20) { input.setHorizon($0) }
        await withDiscardingTaskGroup { group in
            for worker in 0..<workers {
                group.addTask {
                    let (batch, router) = (Batch<Delivery>(), router())
                    var (results, random) = (BatchResults(ports: 1), SeededRandom(seed: worker))
                    while await input.receive(batch, limit: Int.random(in: 1...9, using: &random)) == .done {
                        let (count, start) = (batch.count, batch.position)
                        for _ in 0..<Int.random(in: 0..<8, using: &random) { await Task.yield() }
                        while let delivery = batch.popFirst() { results.pass(delivery, delivery.job.value) }
                        let end = start + UInt64(count)
                        results = await sequencer.deliver(results, start: start, end: end, through: router)
                    }
                }
            }
            let batch = Batch<Delivery>()
            for number in 0..<1500 {
                batch.append(Delivery(Job(.integer(Int64(number))), ticket: Ticket(source: 0, sequence: 0)))
                if batch.count == 7 || number == 1499 { _ = await input.send(batch, evicted: Batch()) }
            }
            input.finish()
        }
        #expect(sent() == Array(0..<1500))
    }
}
