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
        /// A script ran into another limit of its stage.
        public static let budget = Kind(rawValue: "budget")
        /// The input is not what its format says.
        public static let input = Kind(rawValue: "input")
        /// The value can't be written in the sink's format, or the sink refused it.
        public static let sink = Kind(rawValue: "sink")
        /// The handler was stopped.
        public static let interrupted = Kind(rawValue: "interrupted")
    }

    /// What sort of failure it is.
    public let kind: Kind
    /// What went wrong, for a person.
    public let message: String
    /// Where a script was, line by line.
    public let traceback: String?

    /// A failure of some kind.
    public init(_ kind: Kind = .handler, _ message: String, traceback: String? = nil) {
        self.kind = kind
        self.message = message
        self.traceback = traceback
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
