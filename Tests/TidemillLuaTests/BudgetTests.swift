import Testing

@testable import TidemillLua

@Suite struct BudgetTests {
    private func state(_ body: String, _ instructions: Int) throws -> LuaState {
        try LuaState.handler(
            "if value == 0 then return 'alive' end \(body)",
            limits: LuaLimits(instructions: instructions)
        )
    }

    @Test(arguments: [
        "while true do end", "while true do pcall(function() while true do end end) end",
        "while true do pcall(error) end", "while true do xpcall(error, function() while true do end end) end",
        "local co = coroutine.create(function() while true do end end) while true do coroutine.resume(co) end",
        "local f = coroutine.wrap(function() while true do coroutine.yield() end end) while true do f() end",
        "while true do coroutine.wrap(function() local x = 1 end)() end",
        "local function bomb() while true do pcall(coroutine.wrap(bomb)) end end bomb()",
        "local function tree(n) if n > 0 then coroutine.wrap(tree)(n - 1) coroutine.wrap(tree)(n - 1) end end tree(60)",
        "local t = {} for i = 1, 1e9 do t[i % 100] = coroutine.wrap(function() coroutine.yield() end) t[i % 100]() end",
        "table.sort({3, 2, 1, 5}, function(a, b) while true do end end)",
        "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) while true do pcall(function() return t[1] end) end",
        "error(setmetatable({}, {__tostring = function() while true do end end}))",
        "load(function() while true do end end)",
    ])
    func nothingEscapes(_ body: String) throws {
        let state = try state(body, 20_000)
        for _ in 0..<5 {
            let error = try state.handle("1").failure
            #expect(error.kind == .instructions)
            #expect(error.message == "the budget of 20000 instructions is used up")
            #expect(state.outputs.isEmpty && !state.isBroken)
            #expect(try state.results("0") == ["\"alive\""])
        }
    }

    /// The largest loop that a budget allows is the same every time, in every state.
    @Test func theCountIsDeterministic() throws {
        func largest(_ body: String, _ budget: Int) throws -> Int {
            let state = try state(body, budget)
            var low = 0
            var high = budget * 2
            while high - low > 1 {
                let middle = (low + high) / 2
                if try state.handle("\(middle)").failureOrNil == nil { low = middle } else { high = middle }
                _ = state.takeOutput()
            }
            return low
        }
        for body in ["for i = 1, value do end", "coroutine.wrap(function() for i = 1, value do end end)()"] {
            for budget in [50, 1000, 12_345] {
                let first = try largest(body, budget)
                #expect(try largest(body, budget) == first)
                #expect(first < budget)
                if budget > 1000 { #expect(first > budget / 2) }
            }
        }
    }

    @Test func eachValueOfARunHasItsOwn() throws {
        let state = try state("for i = 1, value do end return value", 1000)
        var inputs = LuaInputs()
        for value in [700, 700, 700, 5000, 700] as [Int64] { inputs.append(.integer(value)) }
        #expect(try state.handle(inputs).failure.kind == .instructions)
        #expect(state.finishedInputs == 3)
        inputs.removeFirst(4)
        try state.handle(inputs).done()
        #expect(try state.texts() == ["700"])
    }

    @Test func aBatchSharesTheirs() throws {
        let state = try LuaState(limits: LuaLimits(instructions: 1000))
        try state.load(
            "for i = 1, 10000 do end return {handle_batch = function(v) for i = 1, v[1] do end return v end}"
        )
        #expect(try state.batch([.integer(1700), .integer(1)]) == ["1700", "1"])
        let error = #expect(throws: LuaError.self) { try state.batch([.integer(1700)]) }
        #expect(error?.kind == .instructions)
    }

    @Test func aKeptCoroutineIsCountedInTheNextValue() throws {
        let state = try state(
            "if value == 1 then kept = coroutine.wrap(function() while true do coroutine.yield() end end) return 1 end while true do kept() end",
            10_000
        )
        for _ in 0..<3 {
            try state.handle("1").done()
            #expect(try state.handle("2").failure.kind == .instructions)
        }
    }

    @Test func anInterruptMeanwhileLeavesOneReason() throws {
        let state = try state("while true do pcall(function() for i = 1, 1e6 do end end) end", 3_000_000)
        var kinds: Set<LuaError.Kind> = []
        for round in 0..<40 {
            let error = try state.interrupted(delay: UInt32(round) * 2000).failure
            kinds.insert(error.kind)
            #expect(error.kind == .interrupted || error.kind == .instructions)
            #expect(error.message == "interrupted" || error.message.hasSuffix("is used up"))
            #expect(!state.isBroken)
            #expect(try state.results("0") == ["\"alive\""])
        }
        #expect(!kinds.isEmpty)
    }

    @Test func outputKindsAreTold() throws {
        let limits = LuaLimits(outputBytes: 100, emissions: 2)
        let many = try LuaState.handler("for i = 1, 3 do ctx:emit(i) end", limits: limits)
        #expect(try many.handle("1").failure.kind == .emissions)
        let long = try LuaState.handler(
            "ctx:emit(1, {key = ('k'):rep(60)}) ctx:emit(1, {key = ('k'):rep(60)})",
            limits: limits
        )
        #expect(try long.handle("1").failure.kind == .outputBytes)
        let caught = try LuaState.handler("pcall(ctx.emit, ctx, ('x'):rep(101)) error('own')", limits: limits)
        #expect(try caught.handle("1").failure.kind == .runtime)
        let passedOn = try LuaState.handler(
            "local ok, e = pcall(ctx.emit, ctx, ('x'):rep(101)) error(e, 0)",
            limits: limits
        )
        #expect(try passedOn.handle("1").failure.kind == .outputBytes)
    }
}
