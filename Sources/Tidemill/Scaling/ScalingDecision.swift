/// How many workers a stage is to have, and why.
package struct ScalingDecision: Sendable, Hashable {
    /// How many it was to have before.
    package var previous: Int
    /// How many it is to have now.
    package var workers: Int
    /// Why.
    package var reason: Reason

    /// Whether workers have to be started or ended.
    package var isChange: Bool { workers != previous }

    /// What decided.
    package enum Reason: Sendable, Hashable {
        /// The policy allows one size only.
        case fixed
        /// There is nothing to do.
        case idle
        /// The workers there are suffice.
        case enough(wait: Duration, target: Duration)
        /// Jobs wait, for longer than they may if it is known how long, and the workers are busy.
        case waiting(Duration?, target: Duration, utilization: Double)
        /// The queue is full, so that jobs wait in front of it, and the workers are busy.
        case full(utilization: Double)
        /// Jobs wait, but the workers there are will soon have caught up.
        case catchingUp(wait: Duration)
        /// More workers would be of use, but these are as many as there may be.
        case maximum(Int)
        /// The handlers compute for that share of their time, so that more of them would wait for a processor.
        case processors(share: Double, cores: Int)
        /// The workers wait for room in the next node for that share of their time.
        case downstream(share: Double)
        /// A rate limit or an open circuit breaker holds jobs back.
        case limited
        /// Another worker could not be started a short while ago.
        case noMore
        /// That many workers have sufficed for that long.
        case sufficed(Int, for: Duration)
    }
}

extension ScalingDecision: CustomStringConvertible {
    /// For logs: what changes and why.
    package var description: String {
        isChange ? "\(previous) -> \(workers) workers: \(reason)" : "\(workers.counted("worker")): \(reason)"
    }
}

extension ScalingDecision.Reason: CustomStringConvertible {
    /// For logs and people.
    package var description: String {
        switch self {
        case .fixed: "the number of workers is fixed"
        case .idle: "there is nothing to do"
        case .enough(.zero, _): "no job waits"
        case .enough(let wait, let target):
            "jobs wait \(wait.rounded) in the queue (target \(target.rounded))"
        case .waiting(let wait?, let target, let utilization):
            "jobs wait \(wait.rounded) in the queue (target \(target.rounded)) and the workers are "
                + "\(utilization.percent) busy"
        case .waiting(nil, _, let utilization):
            "jobs wait, none was done lately, and the workers are \(utilization.percent) busy"
        case .full(let utilization): "the queue is full and the workers are \(utilization.percent) busy"
        case .catchingUp(let wait):
            "jobs wait \(wait.rounded) in the queue, but the workers catch up"
        case .maximum(let count): "\(count.counted("worker")) are as many as there may be"
        case .processors(let share, let cores):
            "the CPU is the limit: handlers compute \(share.percent) of their time on \(cores.counted("core"))"
        case .downstream(let share):
            "the workers wait for room in the next node \(share.percent) of their time"
        case .limited: "held back by a rate limit or an open circuit breaker"
        case .noMore: "more workers would be of use, but another one could not be started"
        case .sufficed(let count, let time):
            count == 1
                ? "1 worker has sufficed for \(time.rounded)" : "\(count) workers have sufficed for \(time.rounded)"
        }
    }
}
