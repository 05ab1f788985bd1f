/// How a call stands.
public enum LuaStep {
    /// It's over; what it gave is in ``LuaState/outputs``.
    case finished
    /// It's suspended in a host function: do what it waits for, then ``LuaState/resume(with:)``.
    case waiting(LuaWait)
    /// It's over and gave nothing.
    case failed(LuaError)
}

/// What a suspended call waits for.
public struct LuaWait: Sendable {
    /// The host function that waits.
    public let name: String
    /// The work to do.
    public let operation: LuaOperation
}

/// What a script is, once it's loaded.
public struct LuaScript: Sendable {
    /// The functions that a script may define.
    public struct Functions: OptionSet, Sendable, Hashable {
        /// The bits.
        public let rawValue: UInt8

        /// Creates a set.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// Once per worker.
        public static let initialize = Functions(rawValue: 1)
        /// Once per job.
        public static let handle = Functions(rawValue: 2)
        /// Once per batch of jobs.
        public static let handleBatch = Functions(rawValue: 4)
        /// At the end.
        public static let close = Functions(rawValue: 8)
    }

    /// The functions it defines.
    public let functions: Functions
    /// Its `description` in the flat encoding.
    public let description: [UInt8]?
    /// Its `version` in the flat encoding.
    public let version: [UInt8]?
    /// The specification of its options in the flat encoding.
    public let options: [UInt8]?
}
