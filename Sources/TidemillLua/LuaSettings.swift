/// What one state may use.
public struct LuaLimits: Hashable, Sendable {
    /// Bytes that the script's objects may take.
    ///
    /// Enforced while script code runs; host work may go over it.
    public var memory: Int
    /// Bytes of all outputs of one call.
    public var outputBytes: Int
    /// Outputs of one call.
    public var emissions: Int

    /// Creates limits.
    public init(memory: Int = 64 << 20, outputBytes: Int = 64 << 20, emissions: Int = 100_000) {
        self.memory = memory
        self.outputBytes = outputBytes
        self.emissions = emissions
    }
}

/// A way out of a script: what it returns leaves by the first port, `ctx:emit(value, {to = name})` by any.
public struct LuaPort: Hashable, Sendable {
    /// How a port's values are written into the output buffer.
    public enum Format: Hashable, Sendable {
        /// The flat encoding; scalars and strings without any.
        case flat
        /// The value's JSON text and a newline.
        case jsonLine
    }

    /// The name that scripts use.
    public var name: String
    /// How its values are written.
    public var format: Format

    /// Creates a port.
    public init(_ name: String = "out", format: Format = .flat) {
        self.name = name
        self.format = format
    }
}

/// How a state collects garbage.
public enum LuaCollector: Hashable, Sendable {
    /// For objects that mostly die young, as a job's do.
    case generational
    /// In small steps over everything.
    case incremental
}
