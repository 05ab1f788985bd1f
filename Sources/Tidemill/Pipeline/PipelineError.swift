/// Why a pipeline could not be built, or stopped before its time.
public struct PipelineError: Error, Sendable, CustomStringConvertible {
    /// What sort of error it is; open, so that there can be more.
    public struct Code: Hashable, Sendable {
        private let name: String

        /// The nodes don't fit together.
        public static let wiring = Code(name: "wiring")
        /// A node could not start.
        public static let start = Code(name: "start")
        /// A source broke.
        public static let source = Code(name: "source")
        /// A sink broke.
        public static let sink = Code(name: "sink")
        /// Too many workers could not be stopped.
        public static let stuck = Code(name: "stuck")
        /// The number of a stage's workers can't be changed so.
        public static let workers = Code(name: "workers")
        /// A job failed where the policy is to stop.
        public static let stopped = Code(name: "stopped")
    }

    /// What sort of error it is.
    public let code: Code
    /// The node that it happened in.
    public let node: String
    /// What went wrong there.
    public let message: String
    /// The error that caused it.
    public let underlying: (any Error)?

    init(_ code: Code, node: String, _ message: String) {
        self.code = code
        self.node = node
        self.message = message
        underlying = nil
    }

    init(_ code: Code, node: String, _ error: any Error) {
        self.code = code
        self.node = node
        message = String(describing: error)
        underlying = error
    }

    /// The node and what went wrong there.
    public var description: String { "\(node): \(message)" }
}
