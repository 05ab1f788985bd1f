import Synchronization

/// What a pipeline was doing at one moment.
public struct PipelineSnapshot: Sendable {
    /// The pipeline's name.
    public let name: String
    /// The moment, by the pipeline's clock.
    public let time: Duration
    /// How long it has run, or did, since all nodes were ready.
    public let runTime: Duration
    /// What was taken in, and what became of it.
    public let books: Books
    /// The nodes, sources first.
    public let nodes: [NodeSnapshot]
    /// How far the pipeline is.
    public let phase: PipelinePhase
    /// Whether the sources were asked to stop, now or before the end.
    public let isDraining: Bool
    /// Whether the run is over.
    public var isEnded: Bool { phase == .ended }
}

/// What one node was doing at one moment.
public struct NodeSnapshot: Sendable {
    /// What sort of node it is.
    public enum Kind: String, Sendable {
        /// A source.
        case source
        /// A stage.
        case stage
        /// A sink.
        case sink
    }

    /// The node's name.
    public let name: String
    /// What sort of node it is.
    public let kind: Kind
    /// How many jobs came in: taken from the channel in front, or brought by the source.
    public let received: Int
    /// How many jobs went on.
    public let sent: Int
    /// How many failed here.
    public let failed: Int
    /// How many attempts that failed are followed by another one.
    public let retried: Int
    /// How many workers were given up, because nothing stopped what they did.
    public let givenUp: Int
    /// The outcomes of jobs that ended here.
    public let books: Books
    /// How many jobs wait in the channel in front of it, of how many that fit.
    public let queued: Int
    /// How many jobs the channel in front of it holds.
    public let capacity: Int
    /// How many workers it has.
    public let workers: Int
    /// How many it had on average since all nodes were ready.
    public let meanWorkers: Double
    /// The latest changes of how many workers it has, at most 20, in their order.
    public let scaling: [ScalingEvent]
    /// How many of them were at work.
    public let busy: Int
    /// The time that its workers have spent at work, all together, waiting for room in the next channel included.
    public let busyTime: Duration
    /// The time that its workers have spent waiting for room in the next channel, all together.
    public let blockedTime: Duration
    /// The time that threads of its own have computed; nil where it has none.
    public let cpuTime: Duration?
    /// How many jobs were left in the channel in front of it when one was taken, on average.
    public let meanQueue: Double
    /// How far a source is, in units of its own.
    public let done: Int64
    /// Of how much; nil where a source doesn't know.
    public let total: Int64?

    /// The most workers that it may have; nil where the number is fixed.
    let maxWorkers: Int?
    /// The names of the nodes that read it.
    let readers: [String]

    init(_ part: PipelineParts.Part, at time: Duration) {
        name = part.node.name
        kind = part.node.isSource ? .source : part.node.isSink ? .sink : .stage
        let tallies = part.tallies.all
        received = tallies.sum { $0.received.value }
        sent = tallies.sum { $0.sent.value }
        failed = tallies.sum { $0.failed.value }
        retried = tallies.sum { $0.retried.value }
        givenUp = part.givenUp.value
        books = tallies.map(\.books).reduce(Books(), +)
        queued = part.input?.count ?? 0
        capacity = part.input?.limits.capacity ?? 0
        workers = part.size.value
        meanWorkers = part.size.mean(until: time)
        scaling = part.size.changes
        maxWorkers = part.node.settings.scaling?.sizes.upperBound
        readers = part.readers
        cpuTime = part.threadClocks.total?.computed
        busy = tallies.count { $0.isBusy }
        busyTime = .nanoseconds(tallies.sum { $0.busyNanoseconds.value })
        blockedTime = .nanoseconds(tallies.sum { $0.blockedNanoseconds.value })
        meanQueue = Double(tallies.sum { $0.behind.value }) / Double(max(received, 1))
        done = part.progress?.done.load(ordering: .relaxed) ?? 0
        let total = part.progress?.total.load(ordering: .relaxed) ?? -1
        self.total = total < 0 ? nil : total
    }
}
