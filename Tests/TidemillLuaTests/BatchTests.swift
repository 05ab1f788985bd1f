import Testing

@testable import TidemillLua

/// `handle_batch`: one call, and an end of its own for each of its values.
@Suite struct BatchTests {
    private let json = "local null = require('json').null "

    @Test func valuesAreAnArrayAndResultsTheirs() throws {
        let state = try LuaState.batches("local all = {} for i, v in ipairs(values) do all[i] = {i, v} end return all")
        #expect(try state.batch([.integer(7), .null, .boolean(true)]) == ["[1,7]", "[2,null]", "[3,true]"])
        #expect(state.finishedInputs == 3)
        #expect(try state.batch([.number(0.5)]) == ["[1,0.5]"])
    }

    @Test func whatIsAbsentIsFiltered() throws {
        let holes = try LuaState.batches("return {[2] = 'b', [4] = 'd'}")
        #expect(try holes.batch(5) == ["", "\"b\"", "", "\"d\"", ""])
        for body in ["", "return", "return nil", "return nil, nil", "return {}", "return {}, {}"] {
            #expect(try LuaState.batches(body).batch(2) == ["", ""])
        }
        #expect(try LuaState.batches(json + "return {null, false, 0}").batch(3) == ["null", "false", "0"])
    }

    @Test func resultsMayComeInAnyOrderOfKeys() throws {
        let state = try LuaState.batches("local t = {} for i = #values, 1, -1 do t[i + 0.0] = -values[i] end return t")
        #expect(try state.batch(50) == (1...50).map { "\(-$0)" })
    }

    @Test func anErrorFailsItsValueAlone() throws {
        let body = """
            return {1, 2, 3, 4, 5}, {
              [2] = 'bad', [3] = {message = 'busy', retry = 7, kind = 'load'},
              [5] = setmetatable({}, {__tostring = function() return 'as text' end}),
            }
            """
        let state = try LuaState.batches(body)
        #expect(try state.batch(6) == ["1", "!bad", "!busy", "4", "!as text", ""])
        let errors = state.failedInputs
        #expect(errors.map(\.input) == [1, 2, 4])
        #expect(errors.map(\.error.verdict) == [.unspecified, .retry(after: 7), .unspecified])
        #expect(errors.map(\.error.label) == [nil, "load", nil])
        #expect(errors.allSatisfy { $0.error.kind == .runtime && $0.error.traceback == nil })
        // What one batch left is not the next one's.
        #expect(try state.batch([.integer(1), .integer(2), .integer(3), .integer(4), .integer(5)]).count == 5)
        #expect(state.failedInputs.count == 3)
    }

    @Test func whatCtxRaisesCanBeAValuesError() throws {
        let body = "local _, e = pcall(ctx.reject, ctx, 'not mine') return {}, {[2] = e}"
        let state = try LuaState.batches(body)
        #expect(try state.batch(2) == ["", "!not mine"])
        #expect(state.failedInputs.map(\.error.verdict) == [.reject])
    }

    @Test func aResultThatCannotLeaveFailsItsValueAlone() throws {
        let body = "local t = {} t.t = t return {1, print or error, {f = error}, t, {1, nil, 3}, 6}"
        let ends = try LuaState.batches(body).batch(6)
        #expect(ends[0] == "1" && ends[5] == "6")
        #expect(ends[1] == "!cannot pass a function on" && ends[2] == "!cannot pass a function on (at .f)")
        #expect(ends[3].hasPrefix("!a cycle") && ends[4].hasPrefix("!a table's keys must be"))
    }

    @Test(arguments: [
        "error('why')", "return nil, 'why'",
        "local t <close> = setmetatable({}, {__close = function() end}) error('why')",
        "ctx:emit(1, {of = 1}) error({message = 'why'})", "return nil, {message = 'why'}",
    ])
    func anErrorOfTheCallFailsAll(_ body: String) throws {
        let state = try LuaState.batches("if #values == 1 then return values end " + body)
        let error = #expect(throws: LuaError.self) { try state.batch(3) }
        #expect(error?.message.hasSuffix("why") == true && error?.kind == .runtime)
        #expect(state.finishedInputs == 0 && state.outputs.isEmpty && state.failedInputs.isEmpty)
        #expect(!state.isBroken)
        #expect(try state.batch(1) == ["1"])
    }

    @Test(arguments: [
        ("return 'x'", "handle_batch must return a table of results, not a string"),
        ("return function() end", "handle_batch must return a table of results, not a function"),
        ("return {}, 'x'", "handle_batch must return a table of errors, not a string"),
        ("return {1, 2, 3, 4}", "the table of results has the key 4, and the values are 1 to 3"),
        ("return {[0] = 1}", "the table of results has the key 0, and the values are 1 to 3"),
        ("return {[-1] = 1}", "the table of results has the key -1, and the values are 1 to 3"),
        ("return {[math.maxinteger] = 1}", "the table of results has the key 9223372036854775807"),
        ("return {n = 3, 1, 2, 3}", "the table of results has a key that is a string, and the values are 1 to 3"),
        ("return {[1.5] = 1}", "the table of results has a key that is a number"),
        ("return {[true] = 1}", "the table of results has a key that is a boolean"),
        ("return {[{}] = 1}", "the table of results has a key that is a table"),
        ("return {}, {[4] = 'x'}", "the table of errors has the key 4, and the values are 1 to 3"),
        ("return {1}, {message = 'x'}", "the table of errors has a key that is a string"),
        ("return {[0/0 == 0/0 or 'nan'] = 1}", "the table of results has a key that is a string"),
    ])
    func wrongTablesFailAll(_ body: String, _ message: String) throws {
        let state = try LuaState.batches("ctx:emit('lost', {of = 2}) " + body)
        let error = #expect(throws: LuaError.self) { try state.batch(3) }
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
        #expect(state.outputs.isEmpty && state.outputBytes.isEmpty && !state.isBroken)
    }

    @Test func metamethodsOfTheResultsAreNotAsked() throws {
        let body = """
            local trap = {}
            for _, name in ipairs {'__index', '__len', '__pairs', '__eq', '__close', '__call'} do
              trap[name] = function() error('asked') end
            end
            return setmetatable({1}, trap), setmetatable({[3] = setmetatable({message = 'm'}, trap)}, trap)
            """
        #expect(try LuaState.batches(body).batch(3) == ["1", "", "!m"])
    }

    @Test func hugeTablesEndAtTheFirstWrongKey() throws {
        let body = "local t = {} for i = 1, 200000 do t[i] = i end return t"
        let error = #expect(throws: LuaError.self) { try LuaState.batches(body).batch(2) }
        #expect(error?.message.contains("has the key 3") == true)
        let emptied = "local t = {} for i = 1, 200000 do t[i] = i end for i = 3, #t do t[i] = nil end return t"
        #expect(try LuaState.batches(emptied).batch(2) == ["1", "2"])
    }

    @Test func aRaisingTextOfAnErrorIsOnlyThatValues() throws {
        let body = "return {1, 2}, {[2] = setmetatable({}, {__tostring = function() error('x') end})}"
        #expect(try LuaState.batches(body).batch(2) == ["1", "!an error whose text can't be had"])
    }

    @Test func oneLongReasonForAllIsCut() throws {
        let state = try LuaState.batches(
            "local why = ('x'):rep(1 << 20) local e = {} for i = 1, #values do e[i] = why end return {}, e"
        )
        _ = try state.batch(20)
        #expect(state.failedInputs.map(\.error.message.utf8.count) == Array(repeating: 1 << 16, count: 20))
    }

    @Test func wrongUseIsMisuse() throws {
        let state = try LuaState.handler("return value")
        var inputs = LuaInputs()
        #expect(try state.handleBatch(inputs).failure.message == "the script has no handle_batch function")
        let batches = try LuaState.batches("return values")
        #expect(try batches.handleBatch(inputs).failure.kind == .misuse)
        inputs.append(.null)
        #expect(try batches.handle(inputs).failure.message == "the script has no handle function")
        #expect(try batches.batch(1) == ["1"])
    }

    @Test func aScriptMayHaveBoth() throws {
        let state = try LuaState()
        try state.load(
            "return {handle = function(v) return v end, handle_batch = function(v) return {#v} end}"
        )
        for _ in 0..<3 {
            #expect(try state.results("7") == ["7"])
            #expect(try state.batch(4) == ["4", "", "", ""])
        }
        #expect(state.script.functions == [.handle, .handleBatch])
    }

    @Test func damagedInputFailsTheBatch() throws {
        let state = try LuaState.batches("return values")
        let text = Array("{a}".utf8)
        text.withUnsafeBytes { bytes in
            let error = #expect(throws: LuaError.self) { try state.batch([.integer(1), .json(bytes)]) }
            #expect(error?.message.contains("not JSON") == true)
        }
        #expect(try state.batch(2) == ["1", "2"])
    }
}
