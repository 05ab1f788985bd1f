import Synchronization
import Testing

@testable import TidemillLua

#if canImport(Glibc)
    import Glibc
#endif

// A sanitized process delivers signals late or never inside code that isn't instrumented, as Lua is: run these
// without the thread sanitizer.
@Suite(.serialized) struct InterruptTests {
    @Test(arguments: [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do pcall(error) end",
        "repeat until false",
        "while true do xpcall(function() while true do end end, function(m) while true do end end) end",
        "local co = coroutine.create(function() while true do end end) while true do coroutine.resume(co) end",
        "while true do pcall(coroutine.wrap(function() while true do end end)) end",
        "local f = coroutine.wrap(function() while true do coroutine.yield(1) end end) while true do f() end",
        "coroutine.wrap(function() pcall(coroutine.wrap(function() pcall(function() while true do end end) end)) end)() "
            + "while true do end",
        "('a'):rep(9):gsub('.', function() while true do end end)",
        "while true do pcall(string.gsub, 'abc', '.', function() while true do end end) end",
        "local t = setmetatable({}, {__index = function() while true do end end}) return t.x",
        "local t = setmetatable({}, {__lt = function() while true do end end}) return t < t",
        "table.sort({3, 2, 1, 5, 4}, function(a, b) while true do end end)",
        "local c <close> = setmetatable({}, {__close = function() while true do end end}) while true do end",
        "pcall(function() local c <close> = setmetatable({}, {__close = function() while true do end end}) error('x') end)",
        "for _ in function() while true do end end do end",
        "load('while true do end')()",
        "local t = {} while true do t[#t % 100 + 1] = ('x'):rep(#t + 1) end",
        "local ok, m = pcall(function() while true do end end) return 'swallowed'",
    ])
    func stops(_ body: String) throws {
        let state = try LuaState.handler("if value == 0 then return 'alive' end \(body)")
        for _ in 0..<3 {
            let error = try state.interrupted().failure
            #expect(error.kind == .interrupted)
            #expect(!state.isBroken)
            #expect(state.outputs.isEmpty)
            #expect(try state.results("0") == ["\"alive\""])
        }
    }

    @Test func stopsQuickly() throws {
        let state = try LuaState.handler("while true do pcall(function() while true do end end) end")
        guard let interrupter = state.interrupter else { throw LuaError("closed") }
        var slowest = Duration.zero
        for _ in 0..<20 {
            let watchdog = Watchdog(interrupter, delay: 2000)
            let thread = watchdog.start()
            watchdog.target.store(state.generation + 1, ordering: .releasing)
            let start = threadTime()
            #expect(try state.handle("1").failure.kind == .interrupted)
            slowest = max(slowest, threadTime() - start)
            watchdog.stopped.store(true, ordering: .releasing)
            pthread_join(thread, nil)
        }
        // The delay and a thread's start are in it too.
        #expect(slowest < .seconds(2))
    }

    @Test func anInterruptBeforeTheStartCounts() throws {
        let state = try LuaState.handler("return value")
        guard let interrupter = state.interrupter else { throw LuaError("closed") }
        #expect(!interrupter.interrupt(state.generation + 1))
        #expect(try state.handle("1").failure.kind == .interrupted)
        #expect(try state.results("1") == ["1"])
        #expect(!interrupter.interrupt(state.generation))
        #expect(!interrupter.interrupt(1))
        #expect(try state.results("2") == ["2"])
    }

    @Test func aWaitIsInterruptedByItsHost() throws {
        let wait = LuaFunction("wait") { _ in .wait { .nothing } }
        let state = try LuaState.handler(
            "if value == 0 then return closed or 'open' end "
                + "local c <close> = setmetatable({}, {__close = function() closed = 'ran' end}) "
                + "pcall(coroutine.wrap(function() while true do pcall(ctx.wait, ctx) end end)) return 'swallowed'",
            context: LuaContext(functions: [wait])
        )
        for _ in 0..<3 {
            _ = try state.handle("1").wait
            _ = try state.resume(with: .success(.nothing)).wait
            #expect(try state.resumeInterrupted().failure.kind == .interrupted)
            #expect(try state.results("0") == ["\"ran\""])
            _ = try state.handle("1").wait
            guard let interrupter = state.interrupter else { throw LuaError("closed") }
            #expect(!interrupter.interrupt(state.generation))
            #expect(try state.resume(with: .success(.nothing)).failure.kind == .interrupted)
        }
    }

    @Test func aLateSignalNeverHitsTheNextCall() throws {
        let state = try LuaState.handler(
            "local n = 0 for i = 1, value do n = n + 1 end return n"
        )
        guard let interrupter = state.interrupter else { throw LuaError("closed") }
        let watchdog = Watchdog(interrupter, delay: 0)
        let thread = watchdog.start()
        defer {
            watchdog.stopped.store(true, ordering: .releasing)
            pthread_join(thread, nil)
        }
        var random = SeededNumbers(seed: 3)
        var stopped = 0
        // Until the other thread has had its turns, however busy the machine is.
        for round in 0..<10_000_000 where round < 10_000 || stopped == 0 {
            let generation = state.generation + 1
            watchdog.target.store(generation, ordering: .releasing)
            let count = Int.random(in: 0...3000, using: &random)
            switch try state.handle("\(count)") {
            case .failed(let error):
                #expect(error.kind == .interrupted)
                stopped += 1
            case .finished: #expect(state.outputs.first?.value == .integer(Int64(count)))
            case .waiting: throw LuaError("a wait")
            }
            // Nobody asked for this one to stop.
            #expect(try state.results("10") == ["10"])
            if state.generation % 512 == 0 { _ = state.takeOutput() }
        }
        #expect(stopped > 0)
    }

    @Test func aCoroutineThatWasArmedIsUsableLater() throws {
        let running = Flag()
        let runs = LuaFunction("runs") { _ in
            running.set()
            return .nothing
        }
        let state = try LuaState.handler(
            """
            if value == 1 then
                kept = coroutine.wrap(function() local n = 0 while true do n = n + 1 if n % 100 == 0 then coroutine.yield(n) end end end)
                ctx:runs()
                while true do kept() end
            end
            local ok, n = pcall(kept)
            return ok or n
            """,
            context: LuaContext(functions: [runs])
        )
        #expect(try state.interrupted(once: running).failure.kind == .interrupted)
        #expect(try state.results("2").count == 1)
        #expect(try state.results("2").count == 1)
    }
}
