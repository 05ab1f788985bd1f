import Testing

@testable import TidemillLua

@Suite struct EmitTests {
    private let ports = [LuaPort("out"), LuaPort("errors"), LuaPort("lines", format: .jsonLine)]

    @Test func emissionsComeInOrderWithPortKeyAndMetadata() throws {
        let body = """
            ctx:emit(1)
            ctx:emit({a = 1}, {to = 'errors', key = 'k', metadata = {m = 'x'}})
            ctx:emit({2}, {to = 'lines', key = 7})
            ctx:emit('text', {to = 'lines'})
            ctx:emit(require('json').null)
            return 'end'
            """
        let state = try LuaState.handler(body, ports: ports)
        #expect(try state.results() == ["1", #"{"a":1}"#, "[2]\n", "\"text\"\n", "null", "\"end\""])
        #expect(state.outputs.map(\.port) == [0, 1, 2, 2, 0, 0])
        let keys = state.outputs.map { $0.key.map { String(decoding: state.outputBytes[$0], as: UTF8.self) } }
        #expect(keys == [nil, "k", "7", nil, nil, nil])
        guard let range = state.outputs[1].metadata else { throw LuaError("no metadata") }
        #expect(try json(Array(state.outputBytes[range])) == #"{"m":"x"}"#)
    }

    @Test func unknownPortsAreListed() throws {
        let state = try LuaState.handler("ctx:emit(1, {to = 'nowhere'})", ports: ports)
        let message = try state.handle("null").failure.message
        #expect(message.contains("no port 'nowhere' (ports: out, errors, lines)"))
        #expect(message.hasPrefix("scripts/test.lua:2:"))
    }

    @Test(arguments: [
        "ctx.emit(1)", "ctx:emit()", "ctx:emit(nil)", "ctx:emit(1, 2)", "ctx:emit(1, {to = 1})",
        "ctx:emit(1, {key = {}})",
        "ctx:emit(1, {metadata = 1})", "ctx:emit(1, {metadata = {1}})", "ctx:emit({f = print or error}, {})",
        "ctx:emit(1, {metadata = {f = error}})",
    ])
    func wrongCallsLeaveNothing(_ call: String) throws {
        let state = try LuaState.handler("ctx:emit('first') assert(not pcall(function() \(call) end)) return 'last'")
        #expect(try state.results() == ["\"first\"", "\"last\""])
        #expect(Array(state.outputBytes) == Array("firstlast".utf8))
    }

    @Test func aFailedJobGivesNothing() throws {
        let state = try LuaState.handler("ctx:emit('kept?') if value == 1 then error('no') end")
        #expect(try state.results("0") == ["\"kept?\""])
        _ = try state.handle("1").failure
        #expect(state.outputs.isEmpty)
        #expect(Array(state.outputBytes) == Array("kept?".utf8))
        #expect(try state.results("0").count == 1)
    }

    @Test func nilAndReasonIsAFailure() throws {
        let state = try LuaState.handler(
            "ctx:emit(1) if value == 1 then return nil, {message = 'm'} end return nil, value"
        )
        #expect(try state.handle("\"why\"").failure.message == "why")
        #expect(try state.handle("1").failure.message == "m")
        #expect(try state.handle("false").failure.message == "false")
        #expect(state.outputs.isEmpty)
        let quiet = try LuaState.handler("return nil, nil")
        #expect(try quiet.results().isEmpty)
    }

    @Test func limitsAreBudgetFailures() throws {
        let limits = LuaLimits(outputBytes: 1000, emissions: 10)
        let many = try LuaState.handler("for i = 1, value do ctx:emit(i) end", limits: limits)
        #expect(try many.results("10").count == 10)
        #expect(try many.handle("11").failure.kind == .emissions)
        #expect(try many.results("3").count == 3)
        let strings = try LuaState.handler("for i = 1, value do ctx:emit(('x'):rep(300)) end", limits: limits)
        #expect(try strings.results("3").count == 3)
        #expect(try strings.handle("4").failure.kind == .outputBytes)
        let body = "local t = {1} for i = 1, 40 do t = {t, t} end return t"
        for format in [LuaPort.Format.flat, .jsonLine] {
            let huge = try LuaState.handler(body, limits: limits, ports: [LuaPort(format: format)])
            #expect(try huge.handle("1").failure.kind == .outputBytes)
        }
    }

    @Test func emitIsForHandlersOnly() throws {
        let state = try LuaState()
        try state.load("return {init = function(ctx) ctx:emit(1) end, handle = function() end}")
        #expect(try state.initialize().failure.message.contains("handle and handle_batch only"))
    }
}
