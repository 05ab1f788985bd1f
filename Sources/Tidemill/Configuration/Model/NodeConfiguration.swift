/// How jobs reach a stage's workers.
public enum Dispatch: String, Sendable, Hashable, CaseIterable {
    /// One queue that all workers take from.
    case shared
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
    public var overflow: Overflow

    /// Creates a channel's configuration.
    public init(capacity: Int = 1_024, maxBytes: Int? = nil, overflow: Overflow = .block) {
        self.capacity = capacity
        self.maxBytes = maxBytes
        self.overflow = overflow
    }

    init(_ settings: Settings?) {
        self.init()
        guard let settings else { return }
        capacity = settings.optionalInteger("capacity") ?? capacity
        maxBytes = settings.optionalSize("max_bytes")
        overflow = settings.optionalString("overflow").flatMap(Overflow.init) ?? overflow
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
    public let dispatch: Dispatch
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
