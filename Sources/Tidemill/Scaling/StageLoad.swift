/// What a stage has done since the last look at it, and how many jobs wait for it now.
package struct StageLoad: Sendable, Hashable {
    /// The time since the last look.
    package var elapsed: Duration
    /// How many workers are alive.
    package var workers: Int
    /// How many jobs they finished.
    package var done: Int
    /// The time they spent on jobs, all together; jobs under way count up to now, and waits for room downstream don't.
    package var busy: Duration
    /// The time they waited for room in the channels behind the stage, all together.
    package var blocked: Duration
    /// The time that the stage's own threads computed, or waited for a processor that others used; nil where nobody knows.
    package var cpu: Duration?
    /// The processor time that the whole process used; nil where nobody knows.
    package var processCPU: Duration?
    /// How many jobs wait in the channel in front of the stage.
    package var queued: Int
    /// How many fit.
    package var capacity: Int
    /// Whether a rate limit or an open circuit breaker held jobs back: more workers are of no use then.
    package var limited: Bool
    /// Whether more workers can be started: not for a while after one could not.
    package var canGrow = true

    /// A load; what is left out is nothing or unknown.
    package init(
        elapsed: Duration,
        workers: Int,
        done: Int = 0,
        busy: Duration = .zero,
        blocked: Duration = .zero,
        cpu: Duration? = nil,
        processCPU: Duration? = nil,
        queued: Int = 0,
        capacity: Int,
        limited: Bool = false
    ) {
        self.elapsed = elapsed
        self.workers = workers
        self.done = done
        self.busy = busy
        self.blocked = blocked
        self.cpu = cpu
        self.processCPU = processCPU
        self.queued = queued
        self.capacity = capacity
        self.limited = limited
    }

    /// The share of their time that the workers spent on jobs.
    var utilization: Double { share(busy) }

    /// The share of their time that the workers waited for room downstream.
    var blockedShare: Double { share(blocked) }

    /// Whether the jobs that wait may be only some of those that would.
    var isFull: Bool { queued >= capacity }

    private func share(_ part: Duration) -> Double {
        min(part / (elapsed * Swift.max(workers, 1)), 1)
    }
}
