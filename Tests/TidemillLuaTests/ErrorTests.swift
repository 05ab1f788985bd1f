import Testing

@testable import TidemillLua

@Suite struct ErrorTests {
    @Test func messagesNameScriptAndLine() throws {
        let state = try LuaState.handler("local function deep(v)\n error('bad ' .. v)\n end\n deep(value)")
        let error = try state.handle("1").failure
        #expect(error.kind == .runtime)
        #expect(error.message == "scripts/test.lua:3: bad 1")
        #expect(error.chunk == "scripts/test.lua")
        #expect(error.line == 3)
        #expect(error.traceback?.contains("in upvalue 'deep'") == true || error.traceback?.contains("'deep'") == true)
        #expect(error.traceback?.contains("scripts/test.lua:5:") == true)
    }

    @Test func syntaxErrors() throws {
        let error = try LuaState().load(LuaSource("return {\n  x = = 1\n}", chunk: "scripts/s.lua")).failure
        #expect(error.kind == .syntax)
        #expect(error.chunk == "scripts/s.lua")
        #expect(error.line == 2)
        #expect(error.message.hasPrefix("scripts/s.lua:2: "))
    }

    @Test(arguments: [
        ("error({message = 'from a table'})", "from a table"), ("error({message = {}})", "table: "),
        ("error(nil)", "nil"),
        ("error()", "nil"), ("error(setmetatable({}, {__tostring = function() return 'made' end}))", "made"),
        ("error(setmetatable({}, {__tostring = function() error('again') end}))", "an error whose text can't be had"),
        ("error(12, 0)", "12"), ("error(true)", "true"), ("local x = nil; x.y = 1", "attempt to index a nil value"),
        ("local function f() return 1 + f() end f()", "stack overflow"), ("string.rep()", "bad argument #1 to 'rep'"),
        ("local t <close> = setmetatable({}, {__close = function() error('closing') end})", "closing"),
        ("error('a\\0b', 0)", "a\0b"),
    ])
    func errorObjects(_ body: String, _ expected: String) throws {
        // Lua's own limit of depth takes 70 MB to reach.
        let state = try LuaState.handler(body, limits: LuaLimits(memory: 100 << 20))
        for _ in 0..<3 {
            let error = try state.handle("1").failure
            #expect(error.kind == .runtime)
            #expect(error.message.contains(expected), "\(error.message)")
        }
        #expect(!state.isBroken)
    }

    @Test func stateLivesOnAfterErrors() throws {
        let state = try LuaState.handler(
            "if value == 1 then error('x') end local c <close> = setmetatable({}, {__close = function() closed = value end}) "
                + "if value == 2 then error('y') end return closed"
        )
        for _ in 0..<100 {
            _ = try state.handle("1").failure
            _ = try state.handle("2").failure
            #expect(try state.results("3") == ["2"])
            closedAgain(state)
        }
    }

    private func closedAgain(_ state: LuaState) {
        #expect(!state.isBroken)
        _ = state.takeOutput()
    }

    @Test func memoryIsLimited() throws {
        let limits = LuaLimits(memory: 2 << 20)
        for body in ["return ('x'):rep(1e8)", "local t = {} while true do t[#t + 1] = {} end"] {
            let state = try LuaState.handler("if value == 1 then return 1 end " + body, limits: limits)
            #expect(try state.results("1") == ["1"])
            let error = try state.handle("2").failure
            #expect(error.kind == .memory)
            #expect(state.isBroken)
            #expect(try state.handle("1").failure.kind == .misuse)
            #expect(state.memory < 3 << 20)
        }
    }

    @Test func aCaughtMemoryErrorIsTheScriptsOwn() throws {
        let state = try LuaState.handler("return (pcall(string.rep, 'x', 1e8))", limits: LuaLimits(memory: 2 << 20))
        #expect(try state.results() == ["false"])
        #expect(!state.isBroken)
    }

    @Test func anInputOverTheLimitFailsItsJob() throws {
        let state = try LuaState.handler("return #value", limits: LuaLimits(memory: 1 << 20))
        let bytes = [UInt8](repeating: 65, count: 4 << 20)
        #expect(try bytes.withUnsafeBytes { state.handle(.string($0)) }.failure.kind == .memory)
    }
}
