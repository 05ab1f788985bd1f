import Testing

@testable import TidemillLua

@Suite struct HostFunctionTests {
    private func state(_ body: String) throws -> LuaState {
        let functions = [
            LuaFunction("echo") { call in .flat((0..<call.count).flatMap { call.flat($0).map(Array.init) ?? [] }) },
            LuaFunction("fails") { _ in throw LuaError("it failed") },
            LuaFunction("log.info") { call in .integer(Int64(call.count)) },
            LuaFunction("kinds") { call in
                let text = "\(try call.string(0)) \(try call.integer(1)) \(try call.number(2)) \(try call.boolean(3))"
                return .string("\(text) \(call.isMissing(4))")
            },
            LuaFunction("many") { _ in .flat(try (0..<300).flatMap { try flat("\($0)") }) },
            LuaFunction("nothing") { _ in .nothing },
        ]
        final class Reads { var count: Int64 = 0 }
        let reads = Reads()
        let lazy = LuaFunction("job") { _ in
            reads.count += 1
            return .flat(try flat("{\"id\":\(reads.count)}"))
        }
        let context = LuaContext(
            functions: functions,
            values: ["options": try flat(#"{"geo":"x"}"#), "worker": try flat("3")],
            lazy: [lazy]
        )
        return try LuaState.handler(body, context: context)
    }

    @Test func argumentsAndResults() throws {
        #expect(try state("return {ctx:echo(1, 'a', {x = {}}, nil, 2.5)}").results() == [#"[1,"a",{"x":{}},null,2.5]"#])
        #expect(try state("return ctx:kinds('s', 2.0, 3, true)").results() == [#""s 2 3.0 true true""#])
        #expect(try state("return ctx.log.info(1, 2)").results() == ["2"])
        #expect(try state("return select('#', ctx:nothing())").results() == ["0"])
        #expect(try state("return select('#', ctx:many())").results() == ["300"])
        #expect(try state("return {ctx.options.geo, ctx.worker, ctx.none == nil}").results() == [#"["x",3,true]"#])
    }

    @Test(arguments: [
        ("ctx:fails()", "scripts/test.lua:2: it failed"), ("ctx.echo(1)", "call it as ctx:echo"),
        ("ctx:echo(1, print or error)", "bad argument #2 to 'echo' (cannot pass a function on)"),
        ("ctx:echo({a = {1, x = 2}})", "(at .a)"), ("ctx:kinds(1)", "string expected, got number"),
        ("ctx:kinds('s', 1.5)", "integer expected, got a float"), ("ctx:kinds()", "string expected, got no value"),
    ])
    func errors(_ body: String, _ expected: String) throws {
        let state = try state(body)
        let error = try state.handle("1").failure
        #expect(error.message.contains(expected), "\(error.message)")
        #expect(error.kind == .runtime)
    }

    @Test func lazyFieldsAreAskedForOnceACall() throws {
        let state = try state(
            "if value == 0 then return 'unread' end return {ctx.job.id, ctx.job.id, ctx.job == ctx.job}"
        )
        #expect(try state.results("0") == ["\"unread\""])
        #expect(try state.results("1") == ["[1,1,true]"])
        #expect(try state.results("0") == ["\"unread\""])
        #expect(try state.results("1") == ["[2,2,true]"])
    }
}
