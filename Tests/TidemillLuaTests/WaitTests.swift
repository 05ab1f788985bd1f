import Testing

@testable import TidemillLua

@Suite struct WaitTests {
    private func state(_ body: String, ports: [LuaPort] = [LuaPort()]) throws -> LuaState {
        let wait = LuaFunction("wait") { call in
            let given = Array(call.flat(0) ?? UnsafeRawBufferPointer(start: nil, count: 0))
            return .wait { .flat(given) }
        }
        let quick = LuaFunction("quick") { _ in .integer(1) }
        return try LuaState.handler(body, ports: ports, context: LuaContext(functions: [wait, quick]))
    }

    /// Runs a call to its end, doing what it waits for.
    private func run(_ state: LuaState, _ value: String = "1") async throws -> [String] {
        var step = try state.handle(value)
        var waits = 0
        while case .waiting(let wait) = step {
            waits += 1
            #expect(wait.name == "wait")
            do {
                step = state.resume(with: .success(try await wait.operation()))
            } catch {
                step = state.resume(with: .failure(error))
            }
        }
        try step.done()
        return try state.texts() + ["waits \(waits)"]
    }

    @Test func aWaitGivesItsValues() async throws {
        #expect(try await run(state("return ctx:wait({1, 'x'})")) == [#"[1,"x"]"#, "waits 1"])
        #expect(
            try await run(state("ctx:emit('before') return ctx:wait(1) + ctx:wait(2)")) == [
                "\"before\"", "3", "waits 2",
            ]
        )
    }

    @Test func outputIsNotTakenDuringACall() throws {
        let state = try state("ctx:emit('before') ctx:wait(1) return 1")
        _ = try state.handle("1").wait
        #expect(!state.takesOutput())
        #expect(try state.handle("1").failure.kind == .misuse)
        try state.resume(with: .success(.nothing)).done()
        #expect(try state.texts() == ["\"before\"", "1"])
        #expect(try state.resume(with: .success(.nothing)).failure.kind == .misuse)
    }

    @Test func waitsPassThroughTheScriptsCoroutinesAndProtectedCalls() async throws {
        let body = """
            local seen = {}
            local generator = coroutine.wrap(function(start)
                local n = start
                while n < 3 do
                    n = n + ctx:wait(1)
                    local ok, inner = pcall(function() return ctx:wait('in pcall') end)
                    seen[#seen + 1] = inner
                    local co = coroutine.create(function() coroutine.yield(ctx:wait('deep')) return ctx:wait('end') end)
                    seen[#seen + 1] = select(2, coroutine.resume(co))
                    seen[#seen + 1] = select(2, coroutine.resume(co))
                    seen[#seen + 1] = coroutine.status(co)
                    coroutine.yield(n)
                end
                return 'over'
            end)
            local a, b = generator(1), generator()
            local c = generator()
            local ok = xpcall(function() ctx:wait(1) error('x') end, function(m) return m end)
            return {a, b, c, ok, #seen, seen[1], seen[2], seen[3], seen[4]}
            """
        let expected = #"[2,3,"over",false,8,"in pcall","deep","end","dead"]"#
        let state = try state(body)
        for _ in 0..<3 {
            #expect(try await run(state) == [expected, "waits 9"])
        }
    }

    @Test func aFailedWaitIsAnErrorAtItsLine() throws {
        let state = try state(
            "local ok, message = pcall(ctx.wait, ctx, 1) if value == 1 then error(message, 0) end\nctx:wait(1)"
        )
        _ = try state.handle("1").wait
        #expect(try state.resume(with: .failure(LuaError("timed out"))).failure.message.contains("timed out"))
        _ = try state.handle("2").wait
        _ = try state.resume(with: .failure(LuaError("timed out"))).wait
        let error = try state.resume(with: .failure(LuaError("gone"))).failure
        #expect(error.message == "scripts/test.lua:3: gone")
        #expect(error.line == 3)
        _ = try state.handle("2").wait
        _ = try state.resume(with: .success(.wait { .nothing })).wait
        #expect(try state.resume(with: .success(.wait { .nothing })).failure.message.contains("another wait"))
    }

    @Test(arguments: [
        "table.sort({3, 2, 1}, function(a, b) ctx:wait(1) return a < b end)",
        "('abc'):gsub('.', function() ctx:wait(1) end)",
        "local t = setmetatable({}, {__index = function() return ctx:wait(1) end}) table.concat({1}, t.x) table.unpack(t, 1, 1)",
        "table.sort({2, 1}, coroutine.wrap(function(a, b) while true do a, b = coroutine.yield(ctx:wait(a < b)) end end))",
        "assert(load(function() ctx:wait(1) end))",
    ])
    func whereNothingCanWaitIsAnError(_ body: String) throws {
        let state = try state(body)
        var step = try state.handle("1")
        // A metamethod called from Lua code may wait; one called from C may not.
        while case .waiting = step { step = state.resume(with: .success(.integer(1))) }
        #expect(try step.failure.message.contains("wait"))
    }

    @Test func noYieldOutsideACoroutine() throws {
        for body in ["coroutine.yield(1)", "return pcall(coroutine.yield) and 1 or error('outside a coroutine')"] {
            #expect(try state(body).handle("1").failure.message.contains("outside a coroutine"))
        }
        let facts = try state(
            "local co, main = coroutine.running() return {main, coroutine.isyieldable(), coroutine.status(co), "
                + "coroutine.wrap(function() return coroutine.isyieldable() end)(), (pcall(coroutine.close, co))}"
        )
        #expect(try facts.results() == [#"[true,false,"running",true,false]"#])
    }

    @Test func coroutinesBehaveAsTheStandardOnes() throws {
        let body = """
            local log = {}
            local co = coroutine.create(function(...)
                local a = coroutine.yield(select('#', ...))
                local b <close> = setmetatable({}, {__close = function() log[#log + 1] = 'closed' end})
                coroutine.yield(a)
            end)
            log[#log + 1] = select(2, coroutine.resume(co, 1, 2, 3))
            log[#log + 1] = select(2, coroutine.resume(co, 'a'))
            log[#log + 1] = coroutine.status(co)
            local closed = coroutine.close(co) log[#log + 1] = closed
            log[#log + 1] = coroutine.status(co)
            log[#log + 1] = select(2, coroutine.resume(co))
            log[#log + 1] = select(2, pcall(coroutine.wrap(function() error('w') end)))
            log[#log + 1] = select(2, pcall(coroutine.wrap(function() error({}) end))) ~= nil
            log[#log + 1] = select(2, coroutine.resume(coroutine.create(function() error('e', 0) end)))
            local self
            self = coroutine.wrap(function() return self() end)
            log[#log + 1] = select(2, pcall(self)):match('non%-suspended')
            log[#log + 1] = select(2, pcall(coroutine.resume, 1)):match('coroutine expected')
            return log
            """
        let text = try state(body).results()[0]
        #expect(
            text.hasPrefix(
                #"[3,"a","suspended","closed",true,"dead","cannot resume dead coroutine","scripts/test.lua:"#
            )
        )
        #expect(text.hasSuffix(#": w",true,"e","non-suspended","coroutine expected"]"#), "\(text)")
    }

    @Test func aClosedStateEndsItsWait() throws {
        let state = try state(
            "local c <close> = setmetatable({}, {__close = function() while true do end end}) ctx:wait(1)"
        )
        _ = try state.handle("1").wait
        state.close()
        #expect(state.isBroken)
    }
}
