import Testing

@testable import TidemillLua

#if canImport(Glibc)
    import Glibc
#endif

// Signals that stop one value of a run: see InterruptTests for why not under the thread sanitizer.
@Suite(.serialized) struct TargetedInterruptTests {
    private func inputs(_ values: [Int64]) -> LuaInputs {
        var inputs = LuaInputs()
        for value in values { inputs.append(.integer(value)) }
        return inputs
    }

    private func interrupter(of state: LuaState) throws -> LuaInterrupter {
        guard let interrupter = state.interrupter else { throw LuaError("closed") }
        return interrupter
    }

    @Test func onlyTheLoopingValueStops() throws {
        let state = try LuaState.handler("if value == 3 then while true do pcall(error) end end return value")
        let interrupter = try interrupter(of: state)
        for _ in 0..<20 {
            let generation = state.generation + 1
            let join = onThread {
                while interrupter.position != (generation, 3, true) { sched_yield() }
                interrupter.interrupt(generation, input: 4)
                interrupter.interrupt(generation, input: 2)
                interrupter.interrupt(generation - 1, input: 3)
                while !interrupter.interrupt(generation, input: 3) { sched_yield() }
            }
            let run = inputs([0, 1, 2, 3, 4])
            let error = try state.handle(run).failure
            join()
            #expect(error.kind == .interrupted && error.line == 2)
            #expect(state.finishedInputs == 3)
            #expect(try state.texts() == ["0", "1", "2"])
            #expect(!state.isBroken)
            try state.handle(inputs([4, 5])).done()
            #expect(try state.texts() == ["4", "5"])
            _ = state.takeOutput()
        }
    }

    @Test func aWaitingValueFailsWhenItIsResumed() throws {
        let wait = LuaFunction("wait") { _ in .wait { .nothing } }
        let context = LuaContext(functions: [wait])
        let state = try LuaState.handler("if value == 2 then ctx:wait() end return value", context: context)
        let interrupter = try interrupter(of: state)
        let run = inputs([0, 1, 2, 3])
        _ = try state.handle(run).wait
        #expect(interrupter.position == (state.generation, 2, false))
        #expect(!interrupter.interrupt(state.generation, input: 2))
        #expect(try state.resume(with: .success(.nothing)).failure.kind == .interrupted)
        #expect(try state.texts() == ["0", "1"])
        _ = try state.handle(run).wait
        for other in [0, 1, 3, -1, 1 << 20, Int.max] {
            #expect(!interrupter.interrupt(state.generation, input: other))
        }
        try state.resume(with: .success(.nothing)).done()
        #expect(try state.texts() == ["0", "1", "2", "3"])
        #expect(!interrupter.interrupt(state.generation, input: 3))
        try state.handle(inputs([1])).done()
    }

    /// A thread asks for every even value as it sees it: a request that hits another one shows as an odd failure.
    @Test func aRequestNeverHitsTheNextValue() throws {
        let state = try LuaState.handler("local n = 0 for i = 1, 2000 + value % 50 do n = n + i end return value")
        let interrupter = try interrupter(of: state)
        let values = Array(0..<Int64(512))
        let stop = interruptEach(interrupter) { $0 % 2 == 0 }
        defer { stop() }
        var failures = 0
        // Until the other thread has had its turns, however busy the machine is.
        for round in 0..<50_000 where round < 10 || failures < 20 {
            var first = 0
            while first < values.count {
                let step = state.handle(inputs(Array(values[first...])))
                let done = state.finishedInputs
                #expect(try state.texts() == values[first..<(first + done)].map(String.init))
                first += done
                guard let error = step.failureOrNil else { continue }
                failures += 1
                #expect(error.kind == .interrupted && done % 2 == 0 && !state.isBroken)
                first += 1
                if failures % 16 == 0 { _ = state.takeOutput() }
            }
            _ = state.takeOutput()
        }
        #expect(failures > 0)
    }

    @Test func anInterrupterOutlivesItsState() throws {
        let state = try LuaState.handler("return value")
        let interrupter = try interrupter(of: state)
        try state.handle(inputs([1, 2])).done()
        let generation = state.generation
        state.close()
        #expect(interrupter.position == (generation, 1, false))
        #expect(!interrupter.interrupt(generation, input: 1))
        #expect(!interrupter.interrupt(generation))
        interrupter.interruptAll()
    }

    /// A request for the last value that comes after its end finds a finished run.
    @Test func theLastValueOfARunIsDoneOrStopped() throws {
        let state = try LuaState.handler("return value")
        let stop = interruptEach(try interrupter(of: state))
        var stopped = 0
        // Until the other thread has had its turns, however busy the machine is.
        for value in 0..<10_000_000 as Range<Int64> where value < 20_000 || stopped < 20 {
            let error = state.handle(inputs([value])).failureOrNil
            if error != nil { stopped += 1 }
            #expect(error == nil || error?.kind == .interrupted)
            #expect(state.finishedInputs == (error == nil ? 1 : 0))
            #expect(state.outputs.count == state.finishedInputs && !state.isBroken)
            if value % 256 == 0 { _ = state.takeOutput() }
        }
        stop()
        #expect(stopped > 0)
    }

    /// Who was told that the value runs needn't look after a wait: the step never comes back as one.
    @Test func aStoppedValueDoesNotBeginToWait() throws {
        let wait = LuaFunction("wait") { _ in .wait { .nothing } }
        let state = try LuaState.handler(
            "for i = 1, value do end coroutine.wrap(function() ctx:wait() end)() return value",
            context: LuaContext(functions: [wait])
        )
        let interrupter = try interrupter(of: state)
        let (asked, answered, flag) = (Counter(), Counter(), Flag())
        let join = onThread {
            var last: UInt64 = 0
            while !flag.isSet {
                let generation = asked.value
                guard generation != last else {
                    sched_yield()
                    continue
                }
                last = generation
                while interrupter.position.generation != generation { sched_yield() }
                answered.value = generation << 1 | (interrupter.interrupt(generation, input: 0) ? 1 : 0)
            }
        }
        defer {
            flag.set()
            join()
        }
        var random = SeededNumbers(seed: 11)
        for _ in 0..<1500 {
            let generation = state.generation + 1
            asked.value = generation
            var step = state.handle(inputs([Int64.random(in: 0...200, using: &random)]))
            while answered.value >> 1 != generation { sched_yield() }
            let hit = answered.value & 1 == 1
            if case .waiting = step {
                #expect(!hit)
                step = state.resume(with: .success(.nothing))
            }
            #expect(step.failureOrNil == nil || step.failureOrNil?.kind == .interrupted)
            if hit { #expect(step.failureOrNil != nil || state.finishedInputs == 1) }
            if generation % 256 == 0 { _ = state.takeOutput() }
        }
    }
}
