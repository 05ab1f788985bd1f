/// How many workers a node has.
public enum WorkerCount: Sendable, Hashable, CustomStringConvertible {
    /// This many.
    case fixed(Int)
    /// One for each processor core.
    case cores
    /// As many as it needs; with `maxIsCores` at most one for each processor core, or the policy's `min`.
    case scaled(ScalingPolicy, maxIsCores: Bool = false)

    /// The number on a machine of so many cores; where it changes, that at the beginning.
    public func resolved(cores: Int) -> Int {
        switch self {
        case .fixed(let count): count
        case .cores: max(1, cores)
        case .scaled(let policy, _): policy.min
        }
    }

    /// The rule by which the number changes on a machine of so many cores; nil where it doesn't.
    public func scaling(cores: Int) -> ScalingPolicy? {
        guard case .scaled(var policy, let maxIsCores) = self else { return nil }
        if maxIsCores { policy.max = max(policy.min, cores) }
        return policy
    }

    /// As the file writes it.
    public var description: String {
        switch self {
        case .fixed(let count): "\(count)"
        case .cores: "cores"
        case .scaled(let policy, true): "\(policy.min) to cores"
        case .scaled(let policy, false): "\(policy.min) to \(policy.max)"
        }
    }
}

extension ChannelLimits {
    /// The limits that a node's `channel` gives.
    init(_ settings: Settings?) {
        self.init()
        guard let settings else { return }
        capacity = settings.optionalInteger("capacity") ?? capacity
        bytes = settings.optionalSize("max_bytes")
        overflow = settings.optionalString("overflow").flatMap(Overflow.init) ?? overflow
    }
}

/// Where the queue in front of a node keeps its jobs.
enum ChannelKind: String, CaseIterable {
    /// In memory only.
    case memory
    /// In a file, so that they outlive the process.
    case durable
}

/// A source of the pipeline.
public struct SourceConfiguration: Sendable {
    /// The node's name.
    public let name: String
    /// The component's type.
    public let type: String
    /// How long its messages may take; nil for as long as it takes.
    public let deadline: Duration?
    /// What happens to the other jobs of a message when one fails.
    public let onSiblingFailure: SiblingPolicy
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
    public let channel: ChannelLimits
    /// How jobs reach its workers.
    public let dispatch: DispatchMode
    /// The order in which its results go on.
    public let order: JobOrder
    /// How many jobs of one key it works on at a time; nil for as many as there are workers.
    public let maxPerKey: Int?
    /// Where in a job's value its key is; nil for the key that the job has.
    public let keyPath: ValuePath?
    /// How it gathers jobs that are handled together, if they are.
    public let batch: BatchPolicy?
    /// How long an attempt at a job may take; nil for as long as it takes.
    public let timeout: Duration?
    /// How old a message may be here; nil for any age.
    public let deadline: Duration?
    /// When a failed job is tried again, if at all.
    public let retry: RetryPolicy?
    /// When it takes a break because too many attempts fail, if ever.
    public let breaker: BreakerPolicy?
    /// How many jobs it takes in a time; nil for as many as it can.
    public let rateLimit: NamedRateLimit?
    /// How many workers may be given up because they can't be stopped.
    public let maxStuckWorkers: Int
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
    /// The queue in front of it.
    public let channel: ChannelLimits
    /// What becomes of its failed jobs.
    public let onError: ErrorPolicy
    /// All its fields, for the component's factory.
    public let settings: Settings
}
