import Testing

@testable import TidemillLua

/// Every allocation of a script's life fails once: no crash, no leak, a ``LuaError`` or success.
@Suite struct AllocationFailureTests {
    private static let source = LuaSource(
        """
        local json = require 'json'
        local lib = require 'lib.part'
        local host = require 'host'
        local count = 0
        local function guarded(f, ...)
            local c <close> = setmetatable({}, {__close = function() count = count + 1 end})
            return pcall(f, ...)
        end
        return {
            description = 'all of it', version = '1', options = {a = {type = 'string', b = {1, 2}}},
            init = function(ctx) count = #ctx.options + lib.n end,
            handle = function(value, ctx)
                ctx:emit(value)
                ctx:emit({text = ('x'):rep(100), value = value}, {to = 'lines', key = 'key', metadata = {m = 'x'}})
                guarded(ctx.emit, ctx, {f = guarded})
                guarded(ctx.emit, ctx, 1, {to = 'nowhere'})
                local t = host.echo({1, 2, {x = 'y'}}, 'text', nil, 1.5)
                guarded(host.fails)
                guarded(require, 'none')
                guarded(json.encode, {json.array{}, json.decode('{"a":[1,"two",null]}')})
                local id = ctx.job.id
                local wrapped = coroutine.wrap(function(a)
                    local got = ctx:wait(a)
                    coroutine.yield(got)
                    guarded(function() error({message = 'inner'}) end)
                    return ctx:wait('again')
                end)
                local one, two = wrapped(1), wrapped()
                local co = coroutine.create(function() local c <close> = setmetatable({}, {__close = function() end}) coroutine.yield() end)
                coroutine.resume(co)
                coroutine.close(co)
                guarded(ctx.retry, ctx, 1, 'caught')
                guarded(table.insert, setmetatable({}, {__len = function() return 1 end}), 1, 1)
                if value == 'reject' then ctx:reject('why') end
                if value == 'fields' then error({message = 'm', kind = 'k', retry = 'wrong'}) end
                if value == 'raise' then error('raised with ' .. tostring(one)) end
                if value == 'reason' then return nil, {message = 'a reason'} end
                return {one, two, t, id}
            end,
            handle_batch = function(values, ctx)
                ctx:emit('third', {of = 3})
                ctx:emit({values[1]}, {of = 1, to = 'lines', key = 'key', metadata = {m = 'x'}})
                guarded(ctx.emit, ctx, 1, {of = 9})
                local failure = setmetatable({}, {__tostring = function() return ('why'):rep(9) end})
                return {ctx:wait(), guarded, {values[3], 'c'}},
                    {[4] = {message = 'busy', retry = 3, kind = 'k'}, [5] = failure}
            end,
            close = function(ctx) ctx.log.info('closed', {count = count}) end,
        }
        """,
        chunk: "scripts/all.lua"
    )

    private func life(_ state: LuaState) throws {
        func finish(_ step: LuaStep) throws {
            var step = step
            while case .waiting = step { step = state.resume(with: .success(.string("waited"))) }
            if case .failed(let error) = step, error.kind != .runtime { throw error }
        }
        try finish(state.load(Self.source))
        try finish(state.initialize())
        let values = [
            "null", "true", "7", "1.5", "\"text\"", "[1,[]]", #"{"a":{"b":null}}"#, "\"raise\"", "\"reason\"",
            "\"reject\"",
            "\"fields\"",
        ]
        for value in values {
            try finish(state.handle(value))
            _ = state.takeOutput()
        }
        var inputs = LuaInputs()
        for number in 1...20 as ClosedRange<Int64> { inputs.append(.integer(number)) }
        try finish(state.handleBatch(inputs))
        _ = state.takeOutput()
        try finish(state.finalize())
    }

    private func functions() throws -> (LuaContext, LuaModule) {
        let context = LuaContext(
            functions: [
                LuaFunction("wait") { _ in .wait { .nothing } },
                LuaFunction("log.info") { _ in .nothing },
            ],
            values: ["options": try flat("{}")],
            lazy: [LuaFunction("job") { _ in .flat(try flat(#"{"id":"x"}"#)) }]
        )
        let module = LuaModule(
            "host",
            functions: [
                LuaFunction("echo") { call in .flat(call.flat(0).map(Array.init) ?? []) },
                LuaFunction("fails") { _ in throw LuaError("host failure") },
            ]
        )
        return (context, module)
    }

    private func state(failing: ClosedRange<Int64>?) throws -> LuaState {
        let (context, module) = try functions()
        return try LuaState(
            ports: [LuaPort(), LuaPort("lines", format: .jsonLine)],
            context: context,
            modules: [module],
            resolve: { name in name == "lib.part" ? LuaSource("return {n = 1}", chunk: "lib/part.lua") : nil },
            failing: failing
        )
    }

    @Test func lifeWithoutFailures() throws {
        let state = try state(failing: nil)
        try life(state)
        #expect(state.allocations > 500)
    }

    /// One failure alone is mostly mended by an emergency collection; two in a row and all from there on are not.
    @Test(arguments: [1, 2, 1 << 40] as [Int64])
    func everyAllocationFailsOnce(_ count: Int64) throws {
        let whole = try state(failing: nil)
        try life(whole)
        // An emergency collection changes what follows, so go on until a life without any failure.
        var failures = 0
        for at in 1...(whole.allocations * 2) {
            do {
                let state = try state(failing: at...(at + count - 1))
                try life(state)
                if state.allocations < at { break }
            } catch let error as LuaError {
                failures += 1
                #expect(error.kind == .memory || error.kind == .misuse, "\(at): \(error)")
            }
        }
        #expect(failures > (count == 1 ? 0 : 100))
    }
}
