/// Decides how many workers a stage has, from what it did since the last look; it has no clock and starts nothing.
///
/// What counts is how long jobs wait, which is the length of the queue over the throughput (Little's law), and whether
/// the workers are busy. A full queue would be no sign: a short queue is full without harm, and in a long one jobs wait
/// too long when it is a tenth full.
package struct Autoscaler: Sendable {
    /// From where on workers count as busy.
    private static let high = 0.8
    /// The share of work time that is spent waiting for room downstream from where on the next node is the limit.
    private static let blocked = 0.2
    /// How quickly a backlog is to be worked off, in seconds.
    private static let horizon = 2.0

    private let policy: ScalingPolicy
    private let demand: WorkerDemand
    private var estimate = LoadEstimate()
    private var ceiling: ProcessorCeiling
    private var window: StabilizationWindow
    private var looksWithWait = 0
    /// How many workers the stage is to have; `min` at first.
    package private(set) var workers: Int

    /// The rules of a stage on a machine with that many cores.
    package init(_ policy: ScalingPolicy, cores: Int) {
        self.policy = policy
        // Half of the target leaves room for what is no average.
        demand = WorkerDemand(targetWait: policy.targetWait / .seconds(1) / 2)
        ceiling = ProcessorCeiling(cores: cores)
        window = StabilizationWindow(length: policy.patience)
        workers = policy.min
    }

    /// Goes on with that many workers, because somebody else has changed their number; they are kept for a while.
    package mutating func goOn(from workers: Int) {
        self.workers = workers
        window.note(workers)
    }

    /// Takes a look; the workers that the stage is to have from now on.
    package mutating func decide(_ load: StageLoad) -> ScalingDecision {
        guard policy.max > policy.min, load.elapsed > .zero else { return decision(workers, .fixed) }
        estimate.add(load)
        ceiling.add(estimate, elapsed: load.elapsed)

        let wait = estimate.wait(queued: load.queued).map { Duration.seconds($0) }
        let isTooLong = wait.map { $0 > policy.targetWait } ?? true
        // In front of a full queue jobs wait as well, for nobody knows how long.
        let isWaiting = isTooLong || load.isFull && load.utilization >= Self.high
        looksWithWait = isWaiting ? looksWithWait + 1 : 0
        let (wanted, reason) = isWaiting ? relief(load, wait) : (sufficient(load), calm(load, wait))
        return settle(wanted, reason, load)
    }

    /// Grows at once, shrinks after a while.
    private mutating func settle(
        _ wanted: Int,
        _ reason: ScalingDecision.Reason,
        _ load: StageLoad
    ) -> ScalingDecision {
        let highest = window.add(wanted, elapsed: load.elapsed)
        if wanted > workers {
            window.grow()
            return decision(wanted, reason)
        }
        guard let highest, highest < workers else { return decision(workers, reason) }
        let patience = window.length
        window.shrink()
        return decision(highest, reason == .idle ? .idle : .sufficed(highest, for: patience))
    }

    private mutating func decision(_ count: Int, _ reason: ScalingDecision.Reason) -> ScalingDecision {
        defer { workers = count }
        return ScalingDecision(previous: workers, workers: count, reason: reason)
    }

    // MARK: How many are enough

    /// The workers that would have been enough for what was done since the last look, but no more than there are.
    ///
    /// It is not smoothed: the window already takes the highest of them.
    private func sufficient(_ load: StageLoad) -> Int {
        let busy = load.busy / load.elapsed
        return max(demand.workers(for: busy, serviceTime: estimate.serviceTime, atMost: workers), policy.min)
    }

    private func calm(_ load: StageLoad, _ wait: Duration?) -> ScalingDecision.Reason {
        if load.done == 0, load.queued == 0, load.busy == .zero { return .idle }
        return .enough(wait: wait ?? .zero, target: policy.targetWait)
    }

    // MARK: When jobs wait

    /// Jobs wait too long: how many workers would help, and what stands against more of them.
    private func relief(_ load: StageLoad, _ wait: Duration?) -> (Int, ScalingDecision.Reason) {
        if load.limited { return (sufficient(load), .limited) }
        if load.blocked > .zero, load.blocked / (load.blocked + load.busy) > Self.blocked {
            return (sufficient(load), .downstream(share: load.blockedShare))
        }
        let pressure = pressure(load, wait)
        // One look may have met a burst.
        guard load.utilization >= Self.high, looksWithWait > 1 else { return (workers, pressure) }
        if workers >= policy.max { return (workers, .maximum(workers)) }
        if workers >= ceiling.workers {
            return (workers, .processors(share: ceiling.share ?? 1, cores: ceiling.cores))
        }
        guard load.canGrow else { return (workers, .noMore) }
        let needed = min(needed(load), 2 * load.workers, ceiling.workers, policy.max)
        return needed > workers ? (needed, pressure) : (workers, .catchingUp(wait: wait ?? .zero))
    }

    private func pressure(_ load: StageLoad, _ wait: Duration?) -> ScalingDecision.Reason {
        if let wait, wait <= policy.targetWait { return .full(utilization: load.utilization) }
        return .waiting(wait, target: policy.targetWait, utilization: load.utilization)
    }

    /// The workers for what comes, or those that work off the backlog in time if they are more.
    private func needed(_ load: StageLoad) -> Int {
        guard !load.isFull, let serviceTime = estimate.serviceTime else { return .max }
        let steady = demand.workers(for: estimate.offeredLoad, serviceTime: serviceTime, atMost: policy.max)
        let backlog = Double(load.queued) * serviceTime / Self.horizon
        return max(steady, Int(min(estimate.offeredLoad + backlog, Double(policy.max)).rounded(.up)))
    }
}
