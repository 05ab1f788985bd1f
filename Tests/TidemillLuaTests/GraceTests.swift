import Testing

@testable import TidemillLua

/// What runs of a script that is being stopped: its closing methods, for a while.
@Suite(.serialized) struct GraceTests {
    private static let prelude = """
        local function closer(f) return setmetatable({}, {__close = f}) end
        if value == 0 then local text = table.concat(log or {}, ',') log = {} return text end
        log = {}
        local function note(text) log[#log + 1] = text end
        local function work() local t = {} for i = 1, 2000 do t[i % 10 + 1] = i end end
        local function spin() ctx:spins() while true do end end
        """

    /// What a closing method may use of its thread's time.
    private static let grace = Duration.milliseconds(10)

    /// A state whose script says by `spinning` that it has nothing to do any more but to be stopped.
    private func state(_ body: String, spinning: Flag = Flag(), instructions: Int? = nil) throws -> LuaState {
        let wait = LuaFunction("wait") { _ in .wait { .nothing } }
        let quick = LuaFunction("quick") { _ in .integer(7) }
        let spins = LuaFunction("spins") { _ in
            spinning.set()
            return .nothing
        }
        return try LuaState.handler(
            Self.prelude + "\n" + body,
            limits: LuaLimits(instructions: instructions),
            context: LuaContext(functions: [wait, quick, spins])
        )
    }

    /// What the closing methods of a call that is stopped noted.
    ///
    /// A virtual machine counts as its threads' time what its host takes from it. So a call that took longer than the
    /// grace proves nothing where something is missing, and is made again.
    private func notes(of state: LuaState, expected: String, stop: () throws -> Void) throws -> [String] {
        for _ in 0..<100 {
            let start = threadTime()
            try stop()
            let time = threadTime() - start
            let notes = try state.results("0")
            if notes == [expected] || time < Self.grace { return notes }
        }
        return ["the machine is too slow"]
    }

    /// Script, and what its closing methods noted.
    private static let cases: [(String, String)] = [
        ("local c <close> = closer(function(_, e) work() note(e and 'error' or 'none') end) spin()", "error"),
        (
            "local a <close> = closer(function() work() note('a') end) "
                + "pcall(function() local b <close> = closer(function() work() note('b') end) pcall(spin) end) note('never')",
            "b,a"
        ),
        (
            "coroutine.wrap(function() local a <close> = closer(function() work() note('in coroutine') end) spin() end)()",
            "in coroutine"
        ),
        (
            "local outer <close> = closer(function() note('outer') end) "
                + "coroutine.resume(coroutine.create(function() local a <close> = closer(function() work() note('a') end) "
                + "pcall(coroutine.wrap(function() local b <close> = closer(function() work() note('b') end) spin() end)) end)) "
                + "note('never')",
            "b,a,outer"
        ),
        (
            "local c <close> = closer(function() local ok = pcall(function() work() error('x') end) work() note(tostring(ok)) end) spin()",
            "false"
        ),
        (
            "local c <close> = closer(function() local n = 0 for v in coroutine.wrap(function() for i = 1, 3 do work() "
                + "coroutine.yield(i) end end) do n = n + v end note(tostring(n)) end) spin()",
            "6"
        ),
        (
            "local a <close> = closer(function() note('a') end) local b <close> = closer(function() note('b') error('b') end) "
                + "local c <close> = closer(function() note('c') error('c') end) spin()",
            "c,b,a"
        ),
        ("do local c <close> = closer(function() note('begun') work() spin() end) end note('never')", "begun"),
        (
            "local a <close> = closer(function() note('a') end) "
                + "pcall(function() local c <close> = closer(function() note('c') spin() end) error('x') end) note('never')",
            "c"
        ),
        (
            "local c <close> = closer(function() note(tostring(pcall(ctx.wait, ctx))) note(tostring(ctx:quick())) end) spin()",
            "false,7"
        ),
        (
            "for _ in next, {1}, nil, closer(function() work() note('for') end) do spin() end",
            "for"
        ),
        (
            "local c <close> = closer(function() note(tostring(load(function() return nil end) ~= nil)) end) "
                + "load(function() spin() end) note('never')",
            "true"
        ),
        (
            "local co = coroutine.create(function() local c <close> = closer(function() work() note('closed') end) coroutine.yield() end) "
                + "coroutine.resume(co) local c <close> = closer(function() note(tostring(coroutine.close(co))) end) spin()",
            "closed,true"
        ),
        (
            "local c <close> = closer(function() note('outer') end) coroutine.wrap(function() local b <close> = "
                + "closer(function() note('yields') coroutine.yield(1) note('never') end) spin() end)() note('never')",
            "yields,outer"
        ),
        (
            "table.sort({3, 2, 1}, function(a, b) local c <close> = closer(function() work() note('sort') end) spin() end)",
            "sort"
        ),
        (
            "('a'):gsub('.', function() pcall(function() local c <close> = closer(function() work() note('gsub') end) spin() end) end) note('never')",
            "gsub"
        ),
        ("xpcall(spin, function() note('never') end) note('never')", ""),
        (
            "local m = {} local c <close> = setmetatable({}, {__close = function() end}) "
                + "getmetatable(c).__close = function() work() note('late') end spin()", "late"
        ),
    ]

    @Test(arguments: cases.indices)
    func closingMethodsRunAndFinish(_ index: Int) throws {
        let (body, text) = Self.cases[index]
        let expected = "\"\(text)\""
        let spinning = Flag()
        let interrupted = try state(body, spinning: spinning)
        let counted = try state(body, instructions: 5000)
        for _ in 0..<3 {
            let afterInterrupt = try notes(of: interrupted, expected: expected) {
                let error = try interrupted.interrupted(once: spinning).failure
                #expect(error.kind == .interrupted)
            }
            #expect(afterInterrupt == [expected])
            let afterBudget = try notes(of: counted, expected: expected) {
                let error = try counted.handle("1").failure
                #expect(error.kind == .instructions && error.message == "the budget of 5000 instructions is used up")
            }
            #expect(afterBudget == [expected])
            #expect(!interrupted.isBroken && !counted.isBroken)
        }
    }

    @Test(arguments: [
        // All of them share the grace.
        "local function nest(n) local c <close> = closer(function() spin() end) if n > 0 then nest(n - 1) end spin() end nest(400)",
        "local c <close> = closer(function() while true do pcall(spin) end end) spin()",
        "local c <close> = closer(function() while true do pcall(coroutine.wrap(spin)) end end) spin()",
        // Each coroutine ends before its hook counts one step.
        "local function tree(n) local f = coroutine.wrap(function() if n > 0 then tree(n - 1) tree(n - 1) end end) f() end "
            + "local c <close> = closer(function() tree(40) end) spin()",
        "local c <close> = closer(function() local d <close> = closer(function() spin() end) spin() end) spin()",
        "local function again() local c <close> = closer(again) spin() end again()",
        "while true do pcall(function() local c <close> = closer(function() while true do work() end end) error('x') end) end",
    ])
    func closingMethodsAreCutWhenTheirTimeIsUp(_ body: String) throws {
        let state = try state(body)
        let counted = try self.state(body, instructions: 100_000)
        for _ in 0..<3 {
            let start = threadTime()
            #expect(try state.interrupted().failure.kind == .interrupted)
            #expect(try counted.handle("1").failure.kind == .instructions)
            // A grace for each variable of the first one would take longer.
            #expect(threadTime() - start < .seconds(3))
            _ = try state.results("0")
            #expect(!state.isBroken && !counted.isBroken)
        }
    }

    @Test func aStateThatIsGivenUpHasTheSameGrace() throws {
        final class Notes { var all: [String] = [] }
        let notes = Notes()
        let wait = LuaFunction("wait") { _ in .wait { .nothing } }
        let note = LuaFunction("note") { call in
            notes.all.append(try call.string(0))
            return .nothing
        }
        let state = try LuaState.handler(
            "local c <close> = setmetatable({}, {__close = function() for i = 1, 5000 do end ctx:note('closed') end}) ctx:wait()",
            context: LuaContext(functions: [wait, note])
        )
        _ = try state.handle("1").wait
        state.interrupter?.interruptAll()
        #expect(try state.resume(with: .success(.nothing)).failure.kind == .interrupted)
        #expect(notes.all == ["closed"])
        let closed = try LuaState.handler(
            "local c <close> = setmetatable({}, {__close = function() ctx:note('by close') end}) ctx:wait()",
            context: LuaContext(functions: [wait, note])
        )
        _ = try closed.handle("1").wait
        closed.close()
        #expect(notes.all == ["closed", "by close"])
    }
}
