/// What a node did during a whole run.
package struct NodeLoad: Sendable, Hashable {
    /// The node's name.
    package var name: String
    /// What sort of node it is.
    package var kind: NodeSnapshot.Kind
    /// The nodes that read from it.
    package var outputs: [String]
    /// How many workers it had, at the end if that changed.
    package var workers: Int
    /// How many it had on average.
    package var meanWorkers: Double
    /// How many it may grow to; nil where the number is fixed.
    package var maxWorkers: Int?
    /// How many jobs came in, or were brought by the source.
    package var received: Int
    /// The time its workers spent on jobs, all together, without waits for room.
    package var busy: Duration
    /// The time its workers, or the source, waited for room downstream, all together.
    package var blocked: Duration
    /// How many jobs waited in the channel in front of it on average.
    package var queued: Double
    /// How many fit.
    package var capacity: Int
    /// The processor time of its workers; nil where nobody knows.
    package var cpu: Duration?

    /// A load; what is left out is nothing or unknown.
    package init(
        _ kind: NodeSnapshot.Kind,
        _ name: String,
        outputs: [String] = [],
        workers: Int = 1,
        meanWorkers: Double? = nil,
        maxWorkers: Int? = nil,
        received: Int,
        busy: Duration = .zero,
        blocked: Duration = .zero,
        queued: Double = 0,
        capacity: Int = 0,
        cpu: Duration? = nil
    ) {
        self.name = name
        self.kind = kind
        self.outputs = outputs
        self.workers = workers
        self.meanWorkers = meanWorkers ?? Double(workers)
        self.maxWorkers = maxWorkers
        self.received = received
        self.busy = busy
        self.blocked = blocked
        self.queued = queued
        self.capacity = capacity
        self.cpu = cpu
    }
}
