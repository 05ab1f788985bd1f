/// What one state may use.
public struct LuaLimits: Hashable, Sendable {
    /// Bytes that the script's objects may take.
    ///
    /// Enforced while script code runs; host work may go over it.
    public var memory: Int
    /// Bytes of all outputs of one value.
    public var outputBytes: Int
    /// Outputs of one value.
    public var emissions: Int
    /// Lua instructions of one value, whose count doesn't depend on the machine; nil for no limit.
    ///
    /// The script's coroutines count too, and making one counts 100. What runs in C (a `string.rep`) counts as the
    /// one instruction that calls it. The values of a batch share their budgets. While it is set, Lua code takes about
    /// twice its time.
    public var instructions: Int?

    /// Creates limits.
    public init(
        memory: Int = 64 << 20,
        outputBytes: Int = 64 << 20,
        emissions: Int = 100_000,
        instructions: Int? = nil
    ) {
        self.memory = memory
        self.outputBytes = outputBytes
        self.emissions = emissions
        self.instructions = instructions
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
