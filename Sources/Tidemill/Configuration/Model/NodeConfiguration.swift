/// What becomes of a job that failed.
public enum ErrorPolicy: String, Sendable, Hashable, CaseIterable {
    /// It is written to the sink of dead letters.
    case deadLetter = "dead_letter"
    /// It is handed back to its source.
    case reject
    /// It is counted and forgotten.
    case drop
    /// It ends the pipeline.
    case stop
}

/// What a full channel does.
public enum OverflowPolicy: String, Sendable, Hashable, CaseIterable {
    /// The node before waits.
    case block
    /// The new job is dropped.
    case dropNewest = "drop_newest"
    /// The oldest job is dropped.
    case dropOldest = "drop_oldest"
    /// The new job goes back to its source.
    case reject
}

/// How jobs reach a stage's workers.
public enum DispatchMode: String, Sendable, Hashable, CaseIterable {
    /// One queue that all workers take from.
    case shared
}

/// The order in which a stage's results go on.
public enum JobOrder: String, Sendable, Hashable, CaseIterable {
    /// As they are ready.
    case none
    /// As their jobs came in.
    case input
}

/// How many workers a node has.
public enum WorkerCount: Sendable, Hashable, CustomStringConvertible {
    /// This many.
    case fixed(Int)
    /// One for each processor core.
    case cores

    /// The number on a machine of so many cores.
    public func resolved(cores: Int) -> Int {
        switch self {
        case .fixed(let count): count
        case .cores: max(1, cores)
        }
    }

    /// As the file writes it.
    public var description: String {
        switch self {
        case .fixed(let count): "\(count)"
        case .cores: "cores"
        }
    }
}

/// The queue in front of a node.
public struct ChannelConfiguration: Sendable, Hashable {
    /// How many jobs may wait; 0 is a rendezvous.
    public var capacity: Int
    /// How many bytes of payload may wait, if that is bounded.
    public var maxBytes: Int?
    /// What happens when it is full.
    public var overflow: OverflowPolicy

    /// Creates a channel's configuration.
    public init(capacity: Int = 1_024, maxBytes: Int? = nil, overflow: OverflowPolicy = .block) {
        self.capacity = capacity
        self.maxBytes = maxBytes
        self.overflow = overflow
    }

    init(_ settings: Settings?) {
        self.init()
        guard let settings else { return }
        capacity = settings.optionalInteger("capacity") ?? capacity
        maxBytes = settings.optionalSize("max_bytes")
        overflow = settings.optionalString("overflow").flatMap(OverflowPolicy.init) ?? overflow
    }
}

/// A source of the pipeline.
public struct SourceConfiguration: Sendable {
    /// The node's name.
    public let name: String
    /// The component's type.
    public let type: String
    /// What becomes of its failed jobs.
    public let onError: ErrorPolicy
    /// All its fields, for the component's factory.
    public let settings: Settings
}

/// A stage of the pipeline.
public struct StageConfiguration: Sendable {
    /// The node's name.
    public let name: String
    /// The component's type; `script` for a Lua script.
    public let type: String
    /// How many workers it has.
    public let workers: WorkerCount
    /// The queue in front of it.
    public let channel: ChannelConfiguration
    /// How jobs reach its workers.
    public let dispatch: DispatchMode
    /// The order in which its results go on.
    public let order: JobOrder
    /// What becomes of its failed jobs.
    public let onError: ErrorPolicy
    /// All its fields, for the component's factory.
    public let settings: Settings
}

/// A sink of the pipeline, or the sink of dead letters.
public struct SinkConfiguration: Sendable {
    /// The node's name; `dead_letters` for that sink.
    public let name: String
    /// The component's type.
    public let type: String
    /// How many workers it has.
    public let workers: WorkerCount
    /// The queue in front of it.
    public let channel: ChannelConfiguration
    /// What becomes of its failed jobs.
    public let onError: ErrorPolicy
    /// All its fields, for the component's factory.
    public let settings: Settings
}
