import Testing

@testable import TidemillLua

/// Wherever a script is stopped, every variable that it had to close is closed.
@Suite(.serialized) struct UnwindingTests {
    private static let body = """
        live = live or {}
        if value == 0 then
            local count = 0
            for _ in pairs(live) do count = count + 1 end
            live = {}
            return count
        end
        local closing = {__close = function(c) for i = 1, 5 do end live[c] = nil end}
        local function guarded(f, ...)
            local c <close> = setmetatable({}, closing)
            live[c] = true
            return f(...)
        end
        local function deep(n)
            if n == 0 then for i = 1, 20 do end return 1 end
            return guarded(deep, n - 1)
        end
        while true do
            guarded(deep, 3)
            pcall(guarded, error, 'x')
            guarded(pcall, guarded, error, 'x')
            coroutine.wrap(function() guarded(deep, 2) pcall(guarded, error) end)()
            coroutine.resume(coroutine.create(function() guarded(error, 'x') end))
            guarded(pcall, coroutine.wrap(function() guarded(guarded, error) end))
            table.sort({3, 2, 1}, function(a, b) guarded(deep, 1) return a < b end)
            ;('ab'):gsub('.', function() pcall(guarded, error) end)
            xpcall(guarded, function(m) guarded(deep, 1) return m end, error, 'x')
            for _ in next, {1, 2}, nil, setmetatable({}, closing) do deep(1) end
            local co = coroutine.create(function() guarded(coroutine.yield) end)
            guarded(function()
                local c <close> = setmetatable({}, {__close = function() coroutine.close(co) end})
                coroutine.resume(co)
            end)
            load(function() guarded(deep, 1) end)
        end
        """

    /// Every instruction of the loop is the last one once.
    @Test func afterEachInstruction() throws {
        for instructions in 300..<2500 {
            let state = try LuaState.handler(Self.body, limits: LuaLimits(instructions: instructions))
            let error = try state.handle("1").failure
            #expect(error.kind == .instructions)
            #expect(try state.results("0") == ["0"], "\(instructions), line \(error.line ?? 0)")
            #expect(!state.isBroken)
        }
    }

    @Test func atAnyTime() throws {
        let state = try LuaState.handler(Self.body)
        for _ in 0..<300 {
            let error = try state.interrupted(delay: 300).failure
            #expect(error.kind == .interrupted)
            #expect(try state.results("0") == ["0"], "line \(error.line ?? 0)")
            #expect(!state.isBroken)
            _ = state.takeOutput()
        }
    }
}
