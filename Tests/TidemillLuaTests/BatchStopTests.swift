import Testing

@testable import TidemillLua

#if canImport(Glibc)
    import Glibc
#endif

// A batch is stopped as a whole. Signals: see InterruptTests for why not under the thread sanitizer.
@Suite(.serialized) struct BatchStopTests {
    private func inputs(_ count: Int64) -> LuaInputs {
        var inputs = LuaInputs()
        for value in 1...count { inputs.append(.integer(value)) }
        return inputs
    }

    private func interrupter(of state: LuaState) throws -> LuaInterrupter {
        guard let interrupter = state.interrupter else { throw LuaError("closed") }
        return interrupter
    }

    @Test(arguments: [
        "while true do pcall(error) end", "for i = 1, math.huge do end",
        "return {}, {[2] = setmetatable({}, {__tostring = function() while true do end end})}",
        "local t <close> = setmetatable({}, {__close = function() while true do end end}) while true do end",
    ])
    func aLoopInTheMiddleStopsAllOfIt(_ body: String) throws {
        let state = try LuaState.batches(
            "if #values == 2 then return values end for i = 1, 3 do ctx:emit(i, {of = i}) end " + body
        )
        let interrupter = try interrupter(of: state)
        for _ in 0..<5 {
            let generation = state.generation + 1
            let join = onThread {
                while interrupter.position != (generation, 0, true) { sched_yield() }
                interrupter.interrupt(generation, input: 1)
                interrupter.interrupt(generation - 1)
                usleep(1000)
                interrupter.interrupt(generation, input: 0)
            }
            let run = inputs(5)
            #expect(try state.handleBatch(run).failure.kind == .interrupted)
            join()
            #expect(state.finishedInputs == 0 && state.outputs.isEmpty && state.failedInputs.isEmpty)
            #expect(!state.isBroken)
            #expect(try state.batch(2) == ["1", "2"])
            _ = state.takeOutput()
        }
    }

    @Test func aBatchWaitsAndGoesOn() throws {
        let wait = LuaFunction("wait") { _ in .wait { .nothing } }
        let context = LuaContext(functions: [wait])
        let body = "ctx:emit('before', {of = 2}) local got = ctx:wait() return {got, got}, {[3] = ctx:wait()}"
        let state = try LuaState.batches(body, context: context)
        #expect(try state.batch(3) == [#""waited""#, #""before" "waited""#, "!waited"])
        let run = inputs(3)
        _ = try state.handleBatch(run).wait
        #expect(try interrupter(of: state).position == (state.generation, 0, false))
        #expect(try state.handleBatch(run).failure.kind == .misuse)
        #expect(try state.resumeInterrupted().failure.kind == .interrupted)
        _ = try state.handleBatch(run).wait
        let error = try state.resume(with: .failure(LuaError("no answer"))).failure
        #expect(error.message.hasSuffix("no answer") && state.outputs.isEmpty)
        #expect(try state.batch(3).count == 3)
    }

    /// A stop that comes as the call ends finds all of its values done, or none.
    @Test func aBatchIsDoneOrStopped() throws {
        let state = try LuaState.batches("ctx:emit(0, {of = 2}) return values")
        let stop = interruptEach(try interrupter(of: state))
        var stopped = 0
        // Until the other thread has had its turns, however busy the machine is.
        for round in 0..<10_000_000 where round < 10_000 || stopped < 20 {
            let run = inputs(3)
            let error = state.handleBatch(run).failureOrNil
            if error != nil { stopped += 1 }
            #expect(error == nil || error?.kind == .interrupted)
            #expect(state.finishedInputs == (error == nil ? 3 : 0))
            #expect(state.outputs.count == (error == nil ? 4 : 0) && !state.isBroken)
            if round % 256 == 0 { _ = state.takeOutput() }
        }
        stop()
        #expect(stopped > 0)
    }

    @Test func memoryOutBreaksTheState() throws {
        let state = try LuaState.batches(
            "ctx:emit(1, {of = 1}) local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
            limits: LuaLimits(memory: 1 << 20)
        )
        let error = #expect(throws: LuaError.self) { try state.batch(3) }
        #expect(error?.kind == .memory && state.isBroken && state.outputs.isEmpty)
    }
}
