/// Why a handler, a source or a sink could not do a job.
///
/// Any error fails a job; this one says more: a kind for policies and metrics, and a script's traceback.
public struct JobFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// What sort of failure it is; open, so that components may have kinds of their own.
    public struct Kind: RawRepresentable, Hashable, Sendable {
        /// The kind's name in dead letters, metrics and logs.
        public let rawValue: String

        /// A kind by its name.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The handler said no, or threw.
        public static let handler = Kind(rawValue: "handler")
        /// A script ran into its memory limit.
        public static let memory = Kind(rawValue: "memory")
        /// One job gave more results than its stage allows.
        public static let emissions = Kind(rawValue: "max_emit")
        /// One job's results have more bytes than its stage allows.
        public static let outputBytes = Kind(rawValue: "max_output")
        /// A script ran more instructions than its stage allows.
        public static let instructions = Kind(rawValue: "instructions")
        /// An attempt took longer than its stage allows.
        public static let timeout = Kind(rawValue: "timeout")
        /// The handler could not be stopped, and its worker was given up.
        public static let stuck = Kind(rawValue: "stuck")
        /// The input is not what its format says.
        public static let input = Kind(rawValue: "input")
        /// The value can't be written in the sink's format, or the sink refused it.
        public static let sink = Kind(rawValue: "sink")
        /// The handler was stopped.
        public static let interrupted = Kind(rawValue: "interrupted")
    }

    /// Whether another attempt makes sense.
    public enum Advice: Hashable, Sendable {
        /// The stage's policy decides, by the kind.
        case policy
        /// Another attempt, after this long or as the policy says.
        case retry(after: Duration?)
        /// No other attempt would end otherwise.
        case never
        /// The job goes back to its source.
        case reject
    }

    /// What sort of failure it is.
    public let kind: Kind
    /// What went wrong, for a person.
    public let message: String
    /// Where a script was, line by line.
    public let traceback: String?
    /// Whether another attempt makes sense.
    public let advice: Advice

    /// A failure of some kind.
    public init(
        _ kind: Kind = .handler,
        _ message: String,
        traceback: String? = nil,
        advice: Advice = .policy
    ) {
        self.kind = kind
        self.message = message
        self.traceback = traceback
        self.advice = advice
    }

    /// The failure that an error stands for.
    public init(_ error: any Error) {
        if let failure = error as? JobFailure {
            self = failure
        } else if error is CancellationError {
            self.init(.interrupted, "the handler was cancelled")
        } else {
            self.init(.handler, String(describing: error))
        }
    }

    /// What went wrong.
    public var description: String { message }
}
