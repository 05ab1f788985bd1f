import CLuaHost
public import TidemillValue

/// How much a script may take and give.
public struct LuaLimits: Sendable, Hashable {
    /// Bytes of memory that its objects may hold.
    public var memory: Int
    /// Bytes of everything that one call gives.
    public var outputBytes: Int
    /// How many values one call gives.
    public var outputs: Int

    /// Limits; the defaults are 64 MiB of memory, 64 MiB of output and 100,000 values.
    public init(memory: Int = 64 << 20, outputBytes: Int = 64 << 20, outputs: Int = 100_000) {
        self.memory = memory
        self.outputBytes = outputBytes
        self.outputs = outputs
    }
}

/// Where values that a script gives go, and in which form.
public struct LuaPort: Sendable, Hashable {
    /// What `ctx:emit(…, {to = …})` names; the first port is what the script returns and needs no name.
    public let name: String
    /// Whether values are written as JSON lines at once, because nobody wants them in another form.
    public let writesJSONLines: Bool

    /// A port.
    public init(_ name: String, writesJSONLines: Bool = false) {
        self.name = name
        self.writesJSONLines = writesJSONLines
    }
}

/// What a state's scripts find around them.
public struct LuaEnvironment {
    /// The ports; the first is what scripts return.
    public var ports: [LuaPort] = [LuaPort("")]
    /// Fields of `ctx` that never change.
    public var constants: [(name: String, value: Value)] = []
    /// Functions of `ctx`, called as methods; one in a group (`log.info`) is called without.
    public var functions: [LuaFunction] = []
    /// Fields of `ctx` that are made when a script reads them, at most once a call.
    public var lazyFields: [(name: String, make: () throws -> Value)] = []
    /// Modules that scripts may require.
    public var modules: [LuaModule] = []
    /// Finds the source and the chunk name of a module that is none of ``modules``.
    public var findModule: (String) throws -> (source: [UInt8], chunk: String) = { name in
        throw LuaError(.runtime, "there is no module \"\(name)\"")
    }
    /// Takes the lines that scripts print; without it there is no `print`.
    public var print: ((String) -> Void)?

    /// Nothing but the language.
    public init() {}
}
