import Synchronization

/// Looks at a stage again and again, and gives it as many workers as it needs.
///
/// Whoever else changes the number, by hand or because a worker could not be started, is taken note of: it goes on from
/// there.
///
/// `@unchecked Sendable`: as its superclass; its own state is behind a lock.
final class StageScaling: PipelineTimer, @unchecked Sendable {
    /// For how long there are no more workers after one could not be started.
    private static let pause = Duration.seconds(10)

    private struct State {
        var scaler: Autoscaler
        weak var pool: WorkerPool?
        var meter: StageMeter?
        var last: ScalingDecision.Reason?
        var failedAt: Duration?
        var isOver = false
    }

    /// Between which sizes.
    let policy: ScalingPolicy
    private let parts: PipelineParts
    private let state: Mutex<State>

    init(_ policy: ScalingPolicy, _ parts: PipelineParts) {
        self.policy = policy
        self.parts = parts
        state = Mutex(State(scaler: Autoscaler(policy, cores: onlineProcessors())))
    }

    /// What the last look came to, in words for people; nil before the first.
    var reason: String? { state.withLock { $0.last?.description } }

    /// Looks at the stage with these workers from now on.
    func start(_ pool: WorkerPool) {
        let now = parts.options.clock.now
        state.withLock { state in
            state.pool = pool
            state.meter = StageMeter(pool.part, knowsProcessor: parts.options.executor == nil, from: now)
        }
        parts.timers.set(self, at: now + policy.interval)
    }

    /// A worker could not be started.
    func noteFailure() { state.withLock { $0.failedAt = parts.options.clock.now } }

    /// Leaves the stage as it is from now on.
    func end() {
        state.withLock { $0.isOver = true }
        parts.timers.clear(self)
    }

    override func fire() {
        let now = parts.options.clock.now
        guard let pool = state.withLock({ $0.isOver ? nil : $0.pool }), !parts.control.isCancelled else { return }
        let (size, alive) = pool.counts
        let decision = state.withLock { state -> ScalingDecision? in
            if state.scaler.workers != size { state.scaler.goOn(from: size) }
            guard var load = state.meter?.look(at: now, workers: alive) else { return nil }
            load.canGrow = state.failedAt.map { now - $0 >= Self.pause } ?? true
            let decision = state.scaler.decide(load)
            state.last = decision.reason
            return decision
        }
        guard let decision else { return }
        if decision.isChange {
            pool.resize("\(decision.reason)") { $0 == decision.previous ? decision.workers : $0 }
        }
        parts.timers.set(self, at: now + policy.interval)
    }
}
