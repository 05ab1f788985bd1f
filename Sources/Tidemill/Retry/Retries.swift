import Synchronization

/// The jobs of a stage that wait for another attempt, and its circuit breaker.
///
/// A job that waits holds no worker: when its time has come it goes back to the channel in front of the stage, ahead
/// of the others and under its old position.
final class Retries: Sendable {
    private struct State {
        var budget: RetryBudget
        var random: DrawnRandom
        var breaker: CircuitBreaker?
        var waiting: [UInt64: WaitingJob] = [:]
        /// Those whose wait has not begun, because results before them have not been sent on.
        var pending: Set<UInt64> = []
        var lastNumber: UInt64 = 0
        var isHolding = false
        var isEnded = false

        /// In the order of their numbers: a dictionary's own differs from one process to the next.
        func jobs(_ fits: (WaitingJob) -> Bool) -> [WaitingJob] {
            waiting.values.filter(fits).sorted { $0.number < $1.number }
        }
    }

    private let policy: RetryPolicy?
    private let channel: Channel<Delivery>
    private let options: PipelineOptions
    private let timers: Timers
    /// How many jobs may wait before no new ones are taken.
    private let most: Int
    private let deadline: @Sendable (borrowing Delivery) -> Int
    private let settle: @Sendable (Batch<Delivery>, Outcome) -> Void
    private let report: @Sendable (CircuitBreaker.Gate) -> Void
    /// Whether it matters how many attempts succeed.
    private let counts: Bool
    private let isOrdered: Bool
    /// Whether a job may be tried again only because its script says so: not where others of its key are done that came
    /// after it.
    private let heedsAdvice: Bool
    private let state: Mutex<State>

    /// Retries for the stage behind `channel`.
    ///
    /// Without a policy only those jobs are tried again whose script asks for it, by the default one. `settle` ends
    /// jobs that will not be tried again after all; `report` is called when the breaker moves; both on any thread.
    init(
        _ settings: StageSettings,
        channel: Channel<Delivery>,
        options: PipelineOptions,
        timers: Timers,
        deadline: @escaping @Sendable (borrowing Delivery) -> Int,
        settle: @escaping @Sendable (Batch<Delivery>, Outcome) -> Void,
        report: @escaping @Sendable (CircuitBreaker.Gate) -> Void = { _ in }
    ) {
        let (policy, breaker) = (settings.retry, settings.breaker)
        self.policy = policy
        self.channel = channel
        self.options = options
        self.timers = timers
        self.deadline = deadline
        self.settle = settle
        self.report = report
        isOrdered = settings.order == .input
        heedsAdvice = settings.batch == nil || settings.order != .key
        counts = policy != nil || breaker != nil
        most = max(channel.limits.capacity, 1_024)
        state = Mutex(
            State(
                budget: RetryBudget(policy ?? RetryPolicy(), now: options.clock.now),
                random: DrawnRandom(draw: options.random),
                breaker: breaker.map { CircuitBreaker($0) }
            )
        )
    }

    /// How many jobs wait now.
    var count: Int { state.withLock { $0.waiting.count } }

    /// The breaker's gate and how often it has shut, if there is a breaker.
    var breakerState: (gate: CircuitBreaker.Gate, openings: Int)? {
        state.withLock { state in state.breaker.map { ($0.gate, $0.openings) } }
    }

    /// How many jobs wait, the first `count` of them by when they are due, and the breaker's gate, if there is one.
    func glimpse(first count: Int) -> (count: Int, first: [WaitingJob], gate: CircuitBreaker.Gate?) {
        state.withLock { state in
            let waiting = state.waiting.values.sorted { ($0.until, $0.number) < ($1.until, $1.number) }
            return (waiting.count, Array(waiting.prefix(count)), state.breaker?.gate)
        }
    }

    // MARK: The worker's side

    /// Attempts have ended: takes those failures out of the results that are worth another one, and says which.
    ///
    /// They were taken from the channel with `batch`, the last of them from `position`. `putBack` is called for each
    /// before it can come back, under the lock: what of the batch is behind it has to be in the channel by then.
    func take(
        from results: BatchResults,
        attempts: Int,
        position: UInt64,
        _ batch: Batch<Delivery>,
        putBack: (Delivery) -> Void = { _ in }
    ) -> [WaitingJob] {
        let failures = results.failures
        guard !failures.isEmpty || counts else { return [] }
        let now = options.clock.now
        if counts {
            let transient = failures.count { RetryPolicy.isTransient($0.failure) }
            let retried = failures.count { !$0.delivery.attempts.isEmpty }
            // What was stopped says nothing about whether the rest would succeed.
            let stopped = min(results.settled.elements.count { $0.outcome.isStop }, attempts)
            let succeeded = max(attempts - transient - stopped, 0)
            record(succeeded: succeeded, failed: transient, fresh: max(attempts - retried, 0), now)
        }
        guard !failures.isEmpty else { return [] }
        var waiting: [WaitingJob] = []
        results.failures = failures.filter { delivery, failure in
            guard let delay = delay(delivery, failure, now) else { return true }
            let attempt = Attempt(end: now.nanoseconds, message: failure.message)
            let tried = delivery.after(attempt)
            if let job = wait(tried, position, until: now + delay, batch, putBack) {
                waiting.append(job)
            } else {
                results.settle(tried, .cancelled)
            }
            return false
        }
        return waiting
    }

    /// An attempt was given up with its worker, which says nothing about whether the rest would succeed: where it was on
    /// trial, the breaker tries another.
    func noteStuck() {
        if counts { record(succeeded: 0, failed: 0, fresh: 0, options.clock.now) }
    }

    private func delay(_ delivery: Delivery, _ failure: JobFailure, _ now: Duration) -> Duration? {
        var policy = policy
        if policy == nil, heedsAdvice, case .retry = failure.advice { policy = RetryPolicy() }
        let attempts = delivery.attempts
        let elapsed = attempts.first.map { now - .nanoseconds($0.end) } ?? .zero
        guard let policy else { return nil }
        return state.withLock { state in
            let delay = policy.delay(
                after: failure,
                failures: attempts.count + 1,
                elapsed: elapsed,
                random: &state.random
            )
            guard let delay else { return nil }
            let patient = max(delay, state.budget.withdraw(now: now))
            // No use in waiting for an attempt that would come too late.
            return (now + patient).nanoseconds < deadline(delivery) ? patient : nil
        }
    }

    /// Nil when the pipeline was cancelled and nothing waits any more.
    private func wait(
        _ delivery: Delivery,
        _ position: UInt64,
        until time: Duration,
        _ batch: Batch<Delivery>,
        _ putBack: (Delivery) -> Void
    ) -> WaitingJob? {
        state.withLock { state -> WaitingJob? in
            if state.isEnded { return nil }
            state.lastNumber += 1
            let job = WaitingJob(delivery, position, number: state.lastNumber, due: time, self)
            state.waiting[job.number] = job
            state.pending.insert(job.number)
            channel.expect(delivery, from: batch)
            putBack(delivery)
            hold(&state)
            return job
        }
    }

    /// The results of the run that these jobs failed in have been sent on: they may come back from now on.
    func begin(_ jobs: [WaitingJob]) {
        if jobs.isEmpty { return }
        state.withLock { state in for job in jobs { state.pending.remove(job.number) } }
        for job in jobs { timers.set(job, at: job.until) }
    }

    /// So many jobs wait that no new ones are taken, or few enough again.
    private func hold(_ state: inout State) {
        let holds = state.waiting.count >= (state.isHolding ? most - most / 4 : most)
        if holds != state.isHolding { channel.setHold(holds) }
        state.isHolding = holds
    }

    // MARK: The breaker

    private func record(succeeded: Int, failed: Int, fresh: Int, _ now: Duration) {
        let gate = state.withLock { state in
            state.budget.deposit(fresh, now: now)
            return state.breaker?.record(succeeded: succeeded, failed: failed, now: now)
        }
        if let gate { move(gate) }
    }

    private func wakeBreaker() {
        let gate = state.withLock { $0.breaker?.wake(now: options.clock.now) }
        if let gate { move(gate) }
    }

    private func move(_ gate: CircuitBreaker.Gate) {
        switch gate {
        case .open: channel.setGate(.max)
        case .trial: channel.setGate(1)
        case .shut(let until):
            channel.setGate(0)
            timers.set(ActionTimer { [weak self] in self?.wakeBreaker() }, at: until)
        }
        report(gate)
    }

    // MARK: Ends of waits

    /// A job's time has come.
    func end(_ job: WaitingJob) {
        guard remove({ $0.number == job.number }).count == 1 else { return }
        let leftovers = channel.giveBack(job.delivery, position: job.position)
        if !leftovers.isEmpty { settle(leftovers, .cancelled) }
    }

    /// A message was stopped: its jobs wait no longer.
    ///
    /// Where results keep their order, a worker has to see them off, or the jobs behind them would wait for ever.
    func stop(_ ticket: Ticket, _ reason: StopReason) {
        if isOrdered {
            for job in state.withLock({ $0.jobs { $0.delivery.ticket == ticket } }) { end(job) }
        } else {
            // One whose wait has not begun ends at its next turn.
            let pending = state.withLock { $0.pending }
            let jobs = remove { $0.delivery.ticket == ticket && !pending.contains($0.number) }
            drop(jobs, reason.outcome ?? .cancelled)
        }
    }

    /// The pipeline was cancelled: nothing waits any more.
    func cancel() {
        state.withLock { $0.isEnded = true }
        drop(remove { _ in true }, .cancelled)
    }

    private func drop(_ jobs: [WaitingJob], _ outcome: Outcome) {
        if jobs.isEmpty { return }
        let batch = Batch<Delivery>(capacity: jobs.count)
        for job in jobs {
            timers.clear(job)
            batch.append(job.delivery)
        }
        settle(batch, outcome)
        for job in jobs { channel.forget(job.delivery) }
    }

    private func remove(_ fits: (WaitingJob) -> Bool) -> [WaitingJob] {
        state.withLock { state in
            let jobs = state.jobs(fits)
            for job in jobs { state.waiting[job.number] = nil }
            hold(&state)
            return jobs
        }
    }
}
