import Synchronization

/// What a worker is at: so that a job that takes too long, or that nobody wants any more, can be stopped, and so that
/// a worker that can't be stopped can be given up.
///
/// The worker takes the lock twice for a batch and never for a job; whoever wants to know which job is at hand asks the
/// processor.
///
/// `@unchecked Sendable`: as its superclass; its own state is behind a lock.
package final class WorkerWatch: PipelineTimer, @unchecked Sendable {
    private struct Work {
        let batch: Batch<Delivery>
        /// What the worker has taken and not begun.
        let rest: Batch<Delivery>
        let deadline: Duration?
        /// How many jobs of the batch are done and out of it.
        var base = 0
        /// The job that was at hand when somebody looked, and since when it surely was.
        var seen: (job: Int, since: Duration)
        var verdict: Verdict?

        init(_ batch: Batch<Delivery>, _ rest: Batch<Delivery>, _ deadline: Duration?, started: Duration) {
            self.batch = batch
            self.rest = rest
            self.deadline = deadline
            seen = (0, started)
        }
    }

    /// Which job was stopped, and why.
    private struct Verdict {
        let job: Int
        let reason: StopReason
        let time: Duration
    }

    private struct State {
        var work: Work?
        var stoppable: (any Stoppable)?
        var task: Task<Void, Never>?
        var needsRenewal = false
        var isAbandoned = false
        var isCancelled = false
    }

    private let state = Mutex(State())
    private let clock: any PipelineClock
    private let timers: Timers
    private let timeout: Duration?
    private let grace: Duration
    private let latency: StopLatency
    private let giveUp: @Sendable (GivenUp) -> Void

    /// `giveUp` is called when a job has not stopped within `grace`.
    init(
        _ clock: any PipelineClock,
        _ timers: Timers,
        timeout: Duration?,
        grace: Duration,
        latency: StopLatency,
        giveUp: @escaping @Sendable (GivenUp) -> Void
    ) {
        self.clock = clock
        self.timers = timers
        self.timeout = timeout
        self.grace = grace
        self.latency = latency
        self.giveUp = giveUp
    }

    // MARK: The worker's side

    /// Starts the worker's task, or another one in its place.
    func launch(_ start: () -> Task<Void, Never>) {
        state.withLock { state in
            state.needsRenewal = false
            state.task = start()
        }
    }

    /// The worker begins a batch, which nobody changes but ``advance(_:by:)`` until ``end()``; `rest` is what it has
    /// taken and not begun.
    ///
    /// False if it was stopped for good: nobody would stop what it begins now.
    func begin(_ batch: Batch<Delivery>, rest: Batch<Delivery>, started: Duration, deadline: Duration?) -> Bool {
        let begins = state.withLock { state in
            if !state.isCancelled { state.work = Work(batch, rest, deadline, started: started) }
            return !state.isCancelled
        }
        guard begins, timeout != nil || deadline != nil else { return begins }
        let limit = timeout.map { started + (batch.count == 1 ? $0 : $0 / 8) }
        timers.set(self, at: min(limit ?? .nanoseconds(Int.max), deadline ?? .nanoseconds(Int.max)))
        return true
    }

    /// The worker is done with the batch; false if it was given up meanwhile, and nothing here is its own any more.
    func end() -> Bool {
        let (mine, work) = state.withLock { state in
            defer { if !state.isAbandoned { state.work = nil } }
            return (!state.isAbandoned, state.work)
        }
        if let verdict = work?.verdict { latency.record(clock.now - verdict.time) }
        if work?.verdict != nil || work?.deadline != nil || timeout != nil { timers.clear(self) }
        return mine
    }

    /// Whether the task is cancelled, now or in a moment, for one job's sake, so that the next needs another.
    var needsRenewal: Bool { state.withLock { $0.needsRenewal } }

    // MARK: The processor's side

    /// Says how jobs are stopped from now on.
    package func use(_ stoppable: any Stoppable) { state.withLock { $0.stoppable = stoppable } }

    /// Takes jobs that are done out of the batch; false, and nothing done, if the worker was given up.
    package func advance(_ batch: Batch<Delivery>, by count: Int) -> Bool {
        state.withLock { state in
            if state.isAbandoned { return false }
            batch.removeFirst(count)
            guard var work = state.work else { return true }
            work.base += count
            if let verdict = work.verdict, verdict.job < work.base {
                work.verdict = nil
                latency.record(clock.now - verdict.time)
            }
            state.work = work
            return true
        }
    }

    /// Whether the worker was stopped for good, so that the rest of its batch is not begun any more.
    package var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Whether the worker was given up: what it had has other owners by now.
    package var isGivenUp: Bool { state.withLock { $0.isAbandoned } }

    /// Why the job at that place of the batch was stopped, if it was.
    package func verdict(_ index: Int) -> StopReason? {
        state.withLock { state in
            guard let work = state.work, let verdict = work.verdict else { return nil }
            return verdict.job == work.base + index || verdict.reason == .pipeline ? verdict.reason : nil
        }
    }

    /// The failure of a job that was stopped because it took too long.
    package func timeoutFailure(_ traceback: String? = nil) -> JobFailure {
        let text = "the attempt took longer than \(DurationText.format(timeout ?? .zero)) (timeout)"
        return JobFailure(.timeout, text, traceback: traceback)
    }

    // MARK: Everybody else's side

    /// Stops the job of that message, if it is at hand and not one piece of work with others.
    func stop(_ ticket: Ticket, _ reason: StopReason) {
        stop(reason) { work, hand in
            hand.count == 1 && hand.lowerBound < work.batch.count && work.batch[hand.lowerBound].ticket == ticket
        }
    }

    /// Stops the worker for good.
    func cancel() {
        state.withLock { $0.isCancelled = true }
        stop(.pipeline) { _, _ in true }
        state.withLock { $0.task }?.cancel()
    }

    /// Looks whether the job at hand has had its time.
    override func fire() {
        let now = clock.now
        let next = state.withLock { state -> (stop: StopReason?, look: Duration?) in
            guard let work = state.work, let stoppable = state.stoppable else { return (nil, nil) }
            if let verdict = work.verdict {
                return (nil, verdict.time + grace)
            }
            if let deadline = work.deadline, now >= deadline { return (.deadline, nil) }
            guard let timeout else { return (nil, work.deadline) }
            let job = work.base + stoppable.atHand.lowerBound
            if job != work.seen.job { state.work?.seen = (job, now) }
            let since = job == work.seen.job ? work.seen.since : now
            if now - since >= timeout { return (.timeout, nil) }
            return (nil, min(since + timeout, now + timeout / 8, work.deadline ?? .nanoseconds(Int.max)))
        }
        if let reason = next.stop { return stop(reason) { _, _ in true } }
        guard let look = next.look else { return }
        if look > now { timers.set(self, at: look) } else { abandon() }
    }

    /// What the worker is at.
    func glimpse() -> WorkerGlimpse {
        let now = clock.now
        return state.withLock { state in
            // Only who says which job is at hand leaves its batch alone meanwhile.
            guard let work = state.work, let stoppable = state.stoppable else { return WorkerGlimpse() }
            let hand = stoppable.atHand.clamped(to: 0..<work.batch.count)
            guard !hand.isEmpty else { return WorkerGlimpse() }
            let job = work.base + hand.lowerBound
            if job != work.seen.job { state.work?.seen = (job, now) }
            let since = job == work.seen.job ? work.seen.since : now
            return WorkerGlimpse(
                job: work.batch[hand.lowerBound],
                count: hand.count,
                since: since,
                due: [timeout.map { since + $0 }, work.deadline].compactMap(\.self).min(),
                stop: work.verdict.map { ($0.reason, $0.time) }
            )
        }
    }

    private func stop(_ reason: StopReason, where fits: (borrowing Work, Range<Int>) -> Bool) {
        let now = clock.now
        let target = state.withLock { state -> (any Stoppable, Int, Task<Void, Never>?)? in
            guard let work = state.work, let stoppable = state.stoppable else { return nil }
            let hand = stoppable.atHand
            guard fits(work, hand), work.verdict.map({ reason == .pipeline && $0.reason != .pipeline }) ?? true else {
                return nil
            }
            state.work?.verdict = Verdict(job: work.base + hand.lowerBound, reason: reason, time: now)
            if stoppable.stopsByCancellation, reason != .pipeline { state.needsRenewal = true }
            return (stoppable, hand.lowerBound, stoppable.stopsByCancellation ? state.task : nil)
        }
        guard let (stoppable, index, task) = target else { return }
        // Not under the lock: a task's cancellation runs code of the handler's.
        task?.cancel()
        stoppable.stop(index)
        timers.set(self, at: now + grace)
    }

    private func abandon() {
        let given = state.withLock { state -> GivenUp? in
            guard let work = state.work, let stoppable = state.stoppable, let verdict = work.verdict else { return nil }
            let index = verdict.job - work.base
            let hand = stoppable.atHand.count > 1 ? stoppable.atHand : index..<index + 1
            guard index >= 0, hand.upperBound <= work.batch.count else { return nil }
            state.isAbandoned = true
            state.work = nil
            // The worker does not touch the batch any more: it asks `advance` or `end` before.
            let rest = work.rest === work.batch ? [] : work.rest.placed(since: 0)
            return GivenUp(
                deliveries: work.batch.placed(since: work.base) + rest,
                stuck: hand,
                lanes: work.rest.lanes,
                reason: verdict.reason
            )
        }
        if let given { giveUp(given) }
    }
}

/// What a worker that could not be stopped leaves behind.
struct GivenUp: Sendable {
    /// The jobs that it has taken and that are not done, or done and not sent on, with their positions in the channel.
    let deliveries: [(delivery: Delivery, position: UInt64)]
    /// The places of the jobs that could not be stopped.
    let stuck: Range<Int>
    /// The lanes of the channel that it holds.
    let lanes: [Int]
    /// Why they were to be stopped.
    let reason: StopReason
}

extension Batch<Delivery> {
    /// Copies of all that is left, with their positions, after `done` that are not.
    fileprivate func placed(since done: Int) -> [(delivery: Delivery, position: UInt64)] {
        (0..<count).map { (self[$0], position + UInt64(done + $0)) }
    }
}
