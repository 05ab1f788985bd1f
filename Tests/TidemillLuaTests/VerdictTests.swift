import Testing

@testable import TidemillLua

@Suite struct VerdictTests {
    @Test(
        arguments: [
            ("ctx:retry()", LuaError.Verdict.retry(after: nil), "the script asks for a retry"),
            ("ctx:retry(2.5)", .retry(after: 2.5), "the script asks for a retry"),
            ("ctx:retry(0, 'busy')", .retry(after: 0), "busy"), ("ctx:retry(nil, 'busy')", .retry(after: nil), "busy"),
            ("ctx:reject()", .reject, "the script rejects it"), ("ctx:reject('bad')", .reject, "bad"),
            ("pcall(ctx.reject, ctx) ctx:retry(1)", .retry(after: 1), "the script asks for a retry"),
            ("local ok, v = pcall(ctx.reject, ctx, 'first') pcall(ctx.retry, ctx) error(v)", .reject, "first"),
            ("local ok, v = pcall(ctx.reject, ctx, 'given back') return nil, v", .reject, "given back"),
            ("coroutine.wrap(function() ctx:reject('in a coroutine') end)()", .reject, "in a coroutine"),
            (
                "local t = setmetatable({}, {__index = function() ctx:retry(3, 'deep') end}) return t.x",
                .retry(after: 3), "deep"
            ),
            (";('a'):gsub('.', function() ctx:reject('in gsub') end)", .reject, "in gsub"),
            ("pcall(ctx.reject, ctx) error('other', 0)", .unspecified, "other"),
            (
                "local c <close> = setmetatable({}, {__close = function() error('closing', 0) end}) ctx:reject()",
                .unspecified, "closing"
            ),
            ("xpcall(ctx.retry, function(v) error(v, 0) end, ctx) ctx:reject('last')", .reject, "last"),
            ("error({message = 'm', retry = false})", .never, "m"),
            ("error({message = 'm', retry = true})", .retry(after: nil), "m"),
            ("error({message = 'm', retry = 30})", .retry(after: 30), "m"),
            ("error({message = 'm'})", .unspecified, "m"),
            ("error({message = 'm', retry = require('json').null})", .unspecified, "m"),
            ("return nil, {message = 'm', retry = false}", .never, "m"),
            ("return nil, {message = 'm', retry = 0.5}", .retry(after: 0.5), "m"),
            ("error({message = 'm', retry = 'x'})", .unspecified, "m (its 'retry' is neither"),
            ("error({message = 'm', retry = -1})", .unspecified, "m (its 'retry' is neither"),
            ("error({message = 'm', retry = 0/0})", .unspecified, "m (its 'retry' is neither"),
            (
                "error(setmetatable({}, {__tostring = error, __index = {retry = true}}))", .unspecified,
                "text can't be had"
            ),
            ("error(setmetatable({retry = false}, {__tostring = error}))", .never, "text can't be had"),
        ] as [(String, LuaError.Verdict, String)]
    )
    func verdicts(_ body: String, _ verdict: LuaError.Verdict, _ message: String) throws {
        let state = try LuaState.handler("if value == 1 then return 1 end ctx:emit('dropped') \(body)")
        for _ in 0..<2 {
            let error = try state.handle("2").failure
            #expect(error.kind == .runtime)
            #expect(error.verdict == verdict)
            #expect(error.message.contains(message), "\(error.message)")
            #expect(error.label == nil)
            #expect(state.outputs.isEmpty && !state.isBroken)
            #expect(try state.results("1") == ["1"])
        }
    }

    @Test func labels() throws {
        let state = try LuaState.handler("error({message = 'm', kind = value, retry = false})")
        let error = try state.handle("\"upstream\"").failure
        #expect(error.label == "upstream" && error.verdict == .never && error.message == "m")
        #expect(error.line == 2 && error.traceback != nil)
        for wrong in ["\"\"", "7", "[]", "\"\(String(repeating: "k", count: 65))\""] {
            let error = try state.handle(wrong).failure
            #expect(error.label == nil && error.verdict == .never)
            #expect(error.message == "m (its 'kind' is not a string of 1 to 64 bytes)")
        }
        #expect(try state.handle("\"\(String(repeating: "k", count: 64))\"").failure.label?.utf8.count == 64)
        #expect(try state.handle("null").failure.label == nil)
    }

    @Test func aVerdictHasAPlaceAndNoTraceback() throws {
        let error = try LuaState.handler("\nctx:reject('x')").handle("1").failure
        #expect(error.line == 3 && error.chunk == "scripts/test.lua" && error.traceback == nil)
    }

    @Test func aCaughtVerdictCountsForNothing() throws {
        let state = try LuaState.handler(
            "local ok, v = pcall(ctx.retry, ctx, 5, 'why') ctx:emit(ok) ctx:emit(tostring(v)) return select(2, pcall(setmetatable, v, {})) ~= nil"
        )
        #expect(try state.results() == ["false", "\"why\"", "true"])
    }

    @Test(arguments: [
        ("ctx:retry(-1)", "negative"), ("ctx:retry(0/0)", "not a number"), ("ctx:retry(1e300)", "more than a year"),
        ("ctx:retry(math.huge)", "more than a year"), ("ctx:retry('1')", "takes a number of seconds, not string"),
        ("ctx:retry({})", "takes a number of seconds, not table"),
        ("ctx:retry(1, 2)", "the reason must be a string, not number"),
        ("ctx:reject({})", "the reason must be a string, not table"), ("ctx.retry()", "call it as ctx:retry"),
        ("ctx.reject('x')", "call it as ctx:reject"), ("ctx.retry({}, 1)", "call it as ctx:retry"),
    ])
    func wrongCalls(_ body: String, _ message: String) throws {
        let error = try LuaState.handler(body).handle("1").failure
        #expect(error.verdict == .unspecified)
        #expect(error.message.hasPrefix("scripts/test.lua:2: ") && error.message.contains(message), "\(error.message)")
    }

    @Test func verdictsAreForHandlersOnly() throws {
        let state = try LuaState()
        try state.load(
            "return {init = function(ctx) ctx:retry() end, handle_batch = function(v, ctx) ctx:reject('all') end}"
        )
        #expect(try state.initialize().failure.message.contains("handle and handle_batch only"))
        let error = #expect(throws: LuaError.self) { try state.batch([.integer(1)]) }
        #expect(error?.verdict == .reject && error?.message == "all")
    }
}
