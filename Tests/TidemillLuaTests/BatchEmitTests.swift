import Testing

@testable import TidemillLua

/// `ctx:emit` in `handle_batch`, and the limits that each value has for itself.
@Suite struct BatchEmitTests {
    @Test func emissionsAreTheNamedValues() throws {
        let body = """
            ctx:emit('c1', {of = 3})
            ctx:emit('a1', {of = 1})
            ctx:emit('c2', {of = 3.0})
            ctx:emit({a = 2}, {of = 1, to = 'lines', key = 'k', metadata = {m = 1}})
            return {'a', 'b'}
            """
        let state = try LuaState.batches(body, ports: [LuaPort("out"), LuaPort("lines", format: .jsonLine)])
        #expect(try state.batch(4) == [#""a1" {"a":2}\#n "a""#, "\"b\"", "\"c1\" \"c2\"", ""])
        #expect(state.outputs.map(\.port) == [0, 1, 0, 0, 0, 0])
        let named = state.outputs[1]
        let (key, metadata) = (try #require(named.key), try #require(named.metadata))
        #expect(String(decoding: state.outputBytes[key], as: UTF8.self) == "k")
        #expect(try json(Array(state.outputBytes[metadata])) == #"{"m":1}"#)
    }

    @Test(arguments: [
        "ctx:emit(1)", "ctx:emit(1, {})", "ctx:emit(1, {to = 'out'})", "ctx:emit(1, {of = 0})", "ctx:emit(1, {of = 4})",
        "ctx:emit(1, {of = 1.5})", "ctx:emit(1, {of = '1'})", "ctx:emit(1, {of = 0/0})",
        "ctx:emit(1, {of = math.mininteger})", "ctx:emit(1, {of = 2^70})",
    ])
    func everyEmissionNamesItsValue(_ call: String) throws {
        let state = try LuaState.batches(call, ports: [LuaPort("out")])
        let error = #expect(throws: LuaError.self) { try state.batch(3) }
        let message = "scripts/test.lua:2: ctx:emit in handle_batch takes {of = i}, the place of a value from 1 to 3"
        #expect(error?.message == message)
    }

    @Test(arguments: ["{f = error}, {of = 1}", "1, {of = 1, metadata = {1}}", "1, {of = 1, key = {}}", "nil, {of = 1}"])
    func refusedEmissionsLeaveNothing(_ arguments: String) throws {
        let state = try LuaState.batches(
            "ctx:emit('x', {of = 1}) assert(not pcall(ctx.emit, ctx, \(arguments))) ctx:emit('y', {of = 2}) return {'z'}"
        )
        #expect(try state.batch(2) == [#""x" "z""#, #""y""#])
        #expect(Array(state.outputBytes) == Array("xyz".utf8))
    }

    @Test func aFailedValueGivesNothing() throws {
        let body = "for i = 1, 3 do ctx:emit(i, {of = 4 - i}) end return {'a', 'b', 'c'}, {[2] = 'no'}"
        let state = try LuaState.batches(body)
        #expect(try state.batch(3) == [#"3 "a""#, "!no", #"1 "c""#])
        let all = try LuaState.batches("ctx:emit(1, {of = 1}) return {}, {'no'}")
        #expect(try all.batch(1) == ["!no"])
        #expect(all.outputs.isEmpty)
    }

    @Test func limitsAreEachValuesOwn() throws {
        let limits = LuaLimits(outputBytes: 100, emissions: 3)
        let fill = "for round = 1, 3 do for i = 1, #values do ctx:emit(('x'):rep(30), {of = i}) end end "
        #expect(try LuaState.batches(fill, limits: limits).batch(50).allSatisfy { $0.count == 98 })
        let many = try LuaState.batches(fill + "return {[2] = 'fourth'}", limits: limits)
        #expect(try many.batch(3)[1] == "!the outputs of one value are over their limit")
        #expect(many.failedInputs.map(\.error.kind) == [.emissions])
        let long = try LuaState.batches("return {('x'):rep(100), ('x'):rep(101), 'x'}", limits: limits)
        #expect(try long.batch(3)[1] == "!the outputs of one value are over their limit of bytes")
        #expect(long.failedInputs.map(\.error.kind) == [.outputBytes])
        #expect(try long.batch(3)[2] == "\"x\"")
    }

    @Test func anEmissionOverTheLimitRaises() throws {
        let limits = LuaLimits(outputBytes: 100, emissions: 3)
        let loop = try LuaState.batches("while true do ctx:emit(1, {of = 2}) end", limits: limits)
        let error = #expect(throws: LuaError.self) { try loop.batch(3) }
        #expect(error?.kind == .emissions)
        let body = """
            local errors = {}
            for i = 1, 3 do
              local ok, why = pcall(ctx.emit, ctx, 1, {of = i, key = ('k'):rep(i * 60)})
              if not ok then errors[i] = why end
            end
            return {}, errors
            """
        let state = try LuaState.batches(body, limits: limits)
        let ends = try state.batch(3)
        #expect(ends[0] == "1" && ends[1].hasPrefix("!") && ends[2].hasPrefix("!"))
        #expect(state.failedInputs.map(\.error.kind) == [.outputBytes, .outputBytes])
    }

    @Test func batchesFollowOneAnotherInOneBuffer() throws {
        let state = try LuaState.batches("ctx:emit('e', {of = #values}) return values")
        #expect(try state.batch(2) == ["1", #""e" 2"#])
        #expect(try state.batch(1) == [#""e" 1"#])
        _ = state.takeOutput()
        #expect(try state.batch(3) == ["1", "2", #""e" 3"#])
    }

    /// Against a model: random emissions, results and errors, whose order and owners are known.
    @Test func randomBatchesComeApartAsTheyWerePut() throws {
        let body = """
            local results, errors = {}, {}
            for _, step in ipairs(values[1]) do
              local kind, i, what = step[1], step[2], step[3]
              if kind == 'emit' then ctx:emit(what, {of = i})
              elseif kind == 'result' then results[i] = what
              else errors[i] = what end
            end
            return results, errors
            """
        let state = try LuaState.batches(body)
        var random = SeededNumbers(seed: 5)
        for _ in 0..<300 {
            let count = Int.random(in: 1...12, using: &random)
            var (emitted, results) = (Array(repeating: [String](), count: count), [Int: String]())
            var (errors, steps) = ([Int: String](), [String]())
            for number in 0..<Int.random(in: 0...30, using: &random) {
                let input = Int.random(in: 0..<count, using: &random)
                let text = "\"" + String(repeating: "t", count: number % 7) + "\(number)\""
                switch Int.random(in: 0..<6, using: &random) {
                case 0: errors[input] = text
                case 1, 2: results[input] = text
                default: emitted[input].append(text)
                }
                let kind = errors[input] == text ? "error" : results[input] == text ? "result" : "emit"
                steps.append("[\"\(kind)\",\(input + 1),\(text)]")
            }
            let first = try flat("[\(steps.joined(separator: ","))]")
            let ends = try first.withUnsafeBytes { bytes in
                try state.batch([.flat(bytes)] + Array(repeating: .null, count: count - 1))
            }
            let expected = (0..<count).map { input in
                if let error = errors[input] { return "!" + error.dropFirst().dropLast() }
                return (emitted[input] + (results[input].map { [$0] } ?? [])).joined(separator: " ")
            }
            #expect(ends == expected)
            if Bool.random(using: &random) { _ = state.takeOutput() }
        }
    }
}
