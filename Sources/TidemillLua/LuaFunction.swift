/// Work that a call waits for: the state is suspended meanwhile, never a thread.
public typealias LuaOperation = @Sendable () async throws -> LuaReply

/// What a host function gives back to the script.
///
/// A thrown error becomes a Lua error at the caller's line.
public enum LuaReply: Sendable {
    /// No value.
    case nothing
    /// What scripts know as `json.null`.
    case null
    /// A boolean.
    case boolean(Bool)
    /// An integer.
    case integer(Int64)
    /// A float.
    case number(Double)
    /// A string.
    case string(String)
    /// A string of any bytes.
    case bytes([UInt8])
    /// Any number of values in the flat encoding, one after the other.
    case flat([UInt8])
    /// The same of values that refer to objects, which `owner` keeps alive.
    case encoded([UInt8], owner: any Sendable & AnyObject)
    /// The values that an operation will give; it must not answer with another wait.
    ///
    /// Where the script can't be suspended (in a metamethod, an iterator, `table.sort`, `string.gsub`), the function
    /// raises an error instead and the operation is dropped unstarted.
    case wait(LuaOperation)
}

/// A function for scripts.
public struct LuaFunction {
    /// What it does: it may read the call's arguments and must not use the state.
    ///
    /// The call doesn't outlive it.
    public typealias Body = (borrowing LuaCall) throws -> LuaReply

    /// Its name in its module or in `ctx`.
    public let name: String
    let body: Body

    /// Creates a function.
    ///
    ///     LuaFunction("double") { call in .integer(try call.integer(0) * 2) }
    ///     LuaFunction("sleep") { call in
    ///         let seconds = try call.number(0)
    ///         return .wait {
    ///             try await Task.sleep(for: .seconds(seconds))
    ///             return .nothing
    ///         }
    ///     }
    public init(_ name: String, _ body: @escaping Body) {
        self.name = name
        self.body = body
    }
}

/// What `require(name)` gives: a table of functions and values.
public struct LuaModule {
    /// The module's name.
    public var name: String
    /// Its functions.
    public var functions: [LuaFunction]
    /// Its other fields, each one value in the flat encoding.
    public var values: [String: [UInt8]]
    /// The methods of objects whose type is called as the module; their first argument is the object.
    public var methods: [LuaFunction]
    /// Asked for the fields of such objects that are no method, with the object and the field's name; with `#` for its
    /// length and `tostring` for its text.
    public var property: LuaFunction?

    /// Creates a module.
    public init(
        _ name: String,
        functions: [LuaFunction],
        values: [String: [UInt8]] = [:],
        methods: [LuaFunction] = [],
        property: LuaFunction? = nil
    ) {
        self.name = name
        self.functions = functions
        self.values = values
        self.methods = methods
        self.property = property
    }
}

/// What scripts find in `ctx` beside `emit`.
public struct LuaContext {
    /// Methods (`sleep`: `ctx:sleep(1)`) and functions in a group (`log.info`: `ctx.log.info("…")`).
    public var functions: [LuaFunction]
    /// Fields that don't change, each one value in the flat encoding.
    public var values: [String: [UInt8]]
    /// Fields that are asked for when a script reads them, at most once a call; these can't wait.
    public var lazy: [LuaFunction]

    /// Creates a context.
    public init(functions: [LuaFunction] = [], values: [String: [UInt8]] = [:], lazy: [LuaFunction] = []) {
        self.functions = functions
        self.values = values
        self.lazy = lazy
    }
}

/// Where `require` finds the text of a module that isn't the host's.
public struct LuaSource: Sendable {
    /// The Lua text.
    public var text: [UInt8]
    /// Its name in messages, as a path.
    public var chunk: String

    /// Creates a source.
    public init(_ text: [UInt8], chunk: String) {
        self.text = text
        self.chunk = chunk
    }

    /// Creates a source from a string.
    public init(_ text: String, chunk: String) {
        self.init(Array(text.utf8), chunk: chunk)
    }
}
