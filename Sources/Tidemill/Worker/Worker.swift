/// One of a stage's workers: takes jobs as they come, a run at a time, and sees every one of them off.
///
/// `@unchecked Sendable`: it belongs to one task at a time, and each hands it to the next.
final class Worker: @unchecked Sendable {
    /// How a worker's task ends.
    enum End {
        /// There are no more jobs.
        case finished
        /// It is one worker too many.
        case dismissed
        /// The task was cancelled for one job's sake: the worker goes on in another.
        case renewed
        /// The worker was given up; nothing here is its own any more.
        case givenUp
    }

    let watch: WorkerWatch
    private let stage: Stage
    private let processor: any Processor
    private let router: Router
    private var results: BatchResults
    private let batch = Batch<Delivery>()
    /// The job at hand, where each is looked at by itself; or those that are one piece of work.
    private let single = Batch<Delivery>()
    /// What went back to a channel that was cancelled.
    private let leftovers = Batch<Delivery>()
    /// How many jobs of the run at hand went back to the channel.
    private var putBack = 0

    init(_ stage: Stage, processor: any Processor, router: Router, watch: WorkerWatch) {
        self.stage = stage
        self.processor = processor
        self.router = router
        self.watch = watch
        results = stage.makeResults()
    }

    /// Works until the channel has ended, or the worker is dismissed.
    func run() async -> End {
        while true {
            if let end = await workOff() { return end }
            let signal = await stage.receive(batch)
            guard signal == .done else {
                await close()
                return signal == .dismissed ? .dismissed : .finished
            }
        }
    }

    /// Takes over what somebody else has received.
    func take(_ received: Batch<Delivery>) { batch.take(over: received) }

    /// Works on the jobs that it has until none are left.
    func workOff() async -> End? {
        while !batch.isEmpty || !single.isEmpty {
            guard await work() else { return .givenUp }
            if batch.isEmpty, single.isEmpty { stage.input.release(batch) }
            if watch.needsRenewal { return .renewed }
        }
        return nil
    }

    /// Closes the processor.
    func close() async { await processor.close() }

    /// The way of a run of jobs through the stage: handle, send on, settle.
    ///
    /// False if the worker was given up on the way.
    private func work() async -> Bool {
        let count = batch.count + single.count
        let start = stage.clock.now
        let blocked = router.tally.blockedNanoseconds.value
        router.tally.busySince = start
        router.tally.behind.add(batch.behind * count)
        if stage.looksAtContexts, !stage.isSink {
            guard await handleByContext(start) else { return false }
        } else {
            if stage.looksAtContexts { await weedOut(start) }
            guard await handle(batch, started: start, deadline: nil) else { return false }
        }
        let (done, spent) = (count - batch.count - single.count - putBack, (stage.clock.now - start).nanoseconds)
        putBack = 0
        // Waiting for room downstream says nothing about what a job costs.
        stage.sizer.record(count: done, nanoseconds: spent - (router.tally.blockedNanoseconds.value - blocked))
        router.tally.received.add(done)
        router.tally.busySince = nil
        router.tally.busyNanoseconds.add(spent)
        return true
    }

    /// Handles a run of jobs, all of it or until the worker needs another task.
    private func handle(_ run: Batch<Delivery>, started: Duration, deadline: Duration?) async -> Bool {
        var started = started
        while !run.isEmpty, !watch.needsRenewal {
            let (position, count) = (run.position, run.count)
            if watch.begin(run, rest: batch, started: started, deadline: deadline) {
                await processor.process(run, results)
                guard watch.end() else { return false }
            } else {
                for delivery in run.elements { results.settle(delivery, .cancelled, .queued) }
                run.removeAll()
            }
            let done = count - run.count
            run.position = position + UInt64(done)
            await finish(position, done)
            if !run.isEmpty { started = stage.clock.now }
        }
        return true
    }

    /// Looks at each job's context before it is handled: what was stopped or is late is not started.
    private func handleByContext(_ start: Duration) async -> Bool {
        var now = start
        while !watch.needsRenewal {
            if single.isEmpty {
                if batch.isEmpty { break }
                if await endFirst(of: batch, now) { continue }
                single.position = batch.position
                single.append(moving: stage.isBatched ? startable(now) : 1, from: batch)
                batch.position += UInt64(single.count)
            } else if !stage.isBatched, await endFirst(of: single, now) {
                // Its message was stopped before it could be begun again.
                continue
            }
            guard await handle(single, started: now, deadline: noteDeadlines()) else { return false }
            now = stage.clock.now
        }
        return true
    }

    /// Ends the first of these jobs if it is not to be started.
    private func endFirst(of run: Batch<Delivery>, _ now: Duration) async -> Bool {
        guard let outcome = stage.outcomeWithoutStart(run[0], now) else { return false }
        results.settle(run[0].ticket, outcome)
        let position = run.position
        run.removeFirst(1)
        run.position += 1
        await finish(position, 1, attempts: 0)
        return true
    }

    /// How many jobs at the front of the batch may be started.
    private func startable(_ now: Duration) -> Int {
        (0..<batch.count).first { stage.outcomeWithoutStart(batch[$0], now) != nil } ?? batch.count
    }

    /// Notes until when the jobs at hand may take, and says when the last of them is late.
    private func noteDeadlines() -> Duration? {
        var latest = 0
        for place in 0..<single.count {
            let deadline = stage.deadline(single[place])
            single[place].job.shrink(to: deadline)
            latest = max(latest, deadline)
        }
        return latest == .max ? nil : .nanoseconds(latest)
    }

    /// Takes those jobs out of a sink's batch that were stopped or are late; the others stay together.
    private func weedOut(_ now: Duration) async {
        for _ in 0..<batch.count {
            guard let delivery = batch.popFirst() else { break }
            if let outcome = stage.outcomeWithoutStart(delivery, now) {
                results.settle(delivery.ticket, outcome)
            } else {
                batch.append(delivery)
            }
        }
        await router.forward(results)
    }

    /// Sends the results of the run that began at `position` on, but for failures that get another attempt.
    ///
    /// `attempts` are those of its jobs that a handler was called for; by default all.
    private func finish(_ position: UInt64, _ done: Int, attempts: Int? = nil) async {
        if done == 0 { return }
        let end = position + UInt64(done)
        router.counts.attempts.add(results.failures)
        let waiting = stage.retries.take(
            from: results,
            attempts: attempts ?? done,
            position: end - 1,
            batch
        ) { failed in
            if stage.order == .key { putBack(after: failed) }
        }
        // Not under the lock of the retries: whoever hears of it may ask for anything.
        if !leftovers.isEmpty { stage.settleLeftovers(leftovers) }
        // One that fails may come back once what was done before it has been sent on.
        defer { stage.retries.begin(waiting) }
        router.tally.retried.add(waiting.count)
        guard let sequencer = stage.sequencer else { return await router.forward(results) }
        // The one that waits is the last, and has a run of its own in the sequence once it is done.
        let last = end - UInt64(waiting.count)
        guard last > position else { return }
        results = await sequencer.deliver(results, start: position, end: last, through: router)
        results.stopsAtFailure = true
    }

    /// Jobs of the same key that are behind one that waits for another attempt wait behind it.
    private func putBack(after waiting: Delivery) {
        guard let key = stage.key(waiting) else { return }
        var rest: [(element: Delivery, position: UInt64)] = []
        for place in 0..<batch.count {
            guard let delivery = batch.popFirst() else { break }
            if stage.key(delivery) == key {
                rest.append((delivery, batch.position + UInt64(place)))
            } else {
                batch.append(delivery)
            }
        }
        guard !rest.isEmpty else { return }
        putBack += rest.count
        let left = stage.input.restore(rest)
        leftovers.append(moving: left.count, from: left)
    }
}

extension Duration {
    package var nanoseconds: Int {
        Int(components.seconds) * 1_000_000_000 + Int(components.attoseconds / 1_000_000_000)
    }
}
