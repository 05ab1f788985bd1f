public import TidemillValue

/// What a host function answers to a script.
public enum LuaAnswer: Sendable {
    /// It returns these.
    case values([Value])
    /// It raises an error, at the place of the call.
    case failure(String)
    /// The call waits for this to end, without holding a thread; what it throws becomes an error of the script.
    case wait(@Sendable () async throws -> [Value])

    /// It returns nothing.
    public static let nothing = LuaAnswer.values([])
}

/// A function of the host that scripts may call. Arguments come and results go as values: no host code ever touches a
/// Lua state while a script runs.
public struct LuaFunction {
    /// Its name in its module, or in `ctx`; there it may have a group: `log.info`.
    public let name: String
    let body: ([Value]) throws -> LuaAnswer

    /// A function; an error that it throws becomes an error of the script.
    public init(_ name: String, _ body: @escaping ([Value]) throws -> LuaAnswer) {
        self.name = name
        self.body = body
    }
}

/// A module of host functions that scripts get by `require`.
public struct LuaModule {
    /// What scripts require.
    public let name: String
    let functions: [LuaFunction]

    /// A module.
    public init(_ name: String, _ functions: [LuaFunction]) {
        self.name = name
        self.functions = functions
    }
}
