import Testing

@testable import TidemillLua

@Suite struct SandboxTests {
    @Test(arguments: [
        "io", "debug", "package", "dofile", "loadfile", "print", "warn", "module", "string.dump", "os.execute",
        "os.exit",
        "os.remove", "os.rename", "os.getenv", "os.tmpname", "os.setlocale", "getmetatable(ctx) or nil", "_G.debug",
        "getmetatable('').__index.dump", "getmetatable(ctx.log or ctx) or nil",
    ])
    func isAbsent(_ name: String) throws {
        let state = try LuaState.handler("return (\(name)) == nil")
        #expect(try state.results() == ["true"], "\(name)")
    }

    @Test(arguments: [
        "os.time", "os.date", "os.clock", "os.difftime", "string.rep", "table.concat", "math.floor", "utf8.char",
        "pcall",
        "coroutine.wrap", "require", "load", "select", "error", "next", "rawset", "setmetatable",
    ])
    func isThere(_ name: String) throws {
        let state = try LuaState.handler("return type(\(name)) == 'function'")
        #expect(try state.results() == ["true"], "\(name)")
    }

    @Test func bytecodeIsRefused() throws {
        // The first bytes of a precompiled chunk of Lua 5.4.
        let state = try LuaState.handler(
            #"local f, e = load("\x1bLuaT\0\x19\x93\r\n\x1a\n", "x", value) return {f == nil, e}"#
        )
        for mode in ["\"b\"", "\"bt\"", "null"] where mode != "null" {
            let text = try state.results(mode)[0]
            #expect(text.contains("binary chunk"))
        }
        let whole = try LuaState()
        let bytes: [UInt8] = [0x1B] + Array("LuaT\0\u{19}".utf8)
        let error = try whole.load(LuaSource(bytes, chunk: "x.lua")).failure
        #expect(error.message.contains("binary chunk"))
    }

    @Test func loadTakesTextAndAnEnvironment() throws {
        let state = try LuaState.handler(
            """
            local parts = {'return ', 'x', nil}
            local i = 0
            local f = load(function() i = i + 1 return parts[i] end, 'c', 't', {x = 5})
            return {load('return 1')(), f(), load('return x', 'c', 'bt', {x = 7})(), load('syntax error') == nil}
            """
        )
        #expect(try state.results() == ["[1,5,7,true]"])
    }

    @Test func finalizersAreRefused() throws {
        let state = try LuaState.handler("return {pcall(setmetatable, {}, {__gc = function() end})}")
        #expect(try state.results()[0].contains("use a <close> variable"))
        let later = try LuaState.handler(
            "local m = {} local t = setmetatable({}, m) m.__gc = function() value = 1 end t = nil collectgarbage('step') return 'ok'"
        )
        #expect(try later.results() == ["\"ok\""])
        let marked = try LuaState.handler(
            "return {setmetatable({1}, {__metatable = 'locked'}), (pcall(setmetatable, 1, {}))}"
        )
        #expect(try marked.results() == ["[[1],false]"])
    }

    @Test func collectGarbageOnlyCountsAndSteps() throws {
        let state = try LuaState.handler(
            "return {math.type(collectgarbage('count')), type(collectgarbage('step')), pcall(collectgarbage, 'stop')}"
        )
        #expect(try state.results()[0].hasPrefix(#"["float","boolean",false,"#))
    }

    @Test(arguments: ["ctx.x = 1", "ctx.emit = 1", "ctx.options = {}", "rawset(ctx, 'x', 1)", "setmetatable(ctx, {})"])
    func ctxIsReadOnly(_ assignment: String) throws {
        let state = try LuaState.handler("return (pcall(function() \(assignment) end))")
        #expect(try state.results() == ["false"])
    }

    @Test func printGoesToTheHost() throws {
        final class Lines { var all: [String] = [] }
        let lines = Lines()
        let state = try LuaState(print: { lines.all.append($0) })
        try state.load("return function(v) print('a', 1, nil, true, {} ~= nil) print() end")
        try state.handle("null").done()
        #expect(lines.all == ["a\t1\tnil\ttrue\ttrue", ""])
    }
}
