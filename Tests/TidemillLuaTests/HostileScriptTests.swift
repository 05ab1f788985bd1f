import Testing

@testable import TidemillLua

#if canImport(Glibc)
    import Glibc
#endif

/// Every hostile script runs often, in one process, and leaves nothing that grows.
@Suite(.serialized) struct HostileScriptTests {
    private static let rounds = 20

    private func state(_ script: HostileScript) throws -> LuaState {
        let read = LuaFunction("read") { _ in .integer(1) }
        return try LuaState.handler(
            "if value == 0 then for i = 1, 3 do collectgarbage('step') end return 'alive' end \(script.body)",
            limits: HostileScript.limits,
            context: LuaContext(functions: [read])
        )
    }

    private func check(_ script: HostileScript, on state: LuaState) throws {
        switch script.outcome {
        case .fails(let kind, let part):
            let error = try state.handle("1").failure
            #expect(error.kind == kind, "\(script): \(error.message)")
            #expect(error.message.contains(part), "\(script): \(error.message)")
            #expect(state.outputs.isEmpty)
        case .gives(let text):
            #expect(try state.results("1") == [text], "\(script)")
        case .runsUntilInterrupted:
            let error = try state.interrupted(delay: 500).failure
            #expect(error.kind == .interrupted, "\(script): \(error.message)")
            #expect(!state.isBroken, "\(script)")
        case .runsUntilAbandoned:
            break
        }
        _ = state.takeOutput()
    }

    @Test(arguments: HostileScript.all)
    func hasItsOutcomeEveryTime(_ script: HostileScript) throws {
        if case .runsUntilAbandoned = script.outcome { return }
        var state = try state(script)
        var memory: [Int] = []
        for _ in 0..<Self.rounds {
            try check(script, on: state)
            #expect(state.memory <= HostileScript.limits.memory + 65536)
            if state.isBroken {
                state.close()
                state = try self.state(script)
            }
            #expect(try state.results("0") == ["\"alive\""], "\(script)")
            _ = state.takeOutput()
            memory.append(state.memory)
        }
        // How far an endless script comes before it is interrupted differs: what is lost shows in all of the last ones.
        let early = memory[..<(Self.rounds / 2)].max() ?? 0
        let late = memory.suffix(3).min() ?? 0
        #expect(late <= early + 65536, "\(script): \(memory)")
    }

    /// What the process holds after many rounds is what it held after a few; other tests run beside this one.
    @Test func theProcessDoesNotGrow() throws {
        func residentBytes() -> Int {
            var text = [UInt8](repeating: 0, count: 256)
            let file = open("/proc/self/statm", O_RDONLY)
            defer { close(file) }
            let count = read(file, &text, text.count)
            let fields = String(decoding: text.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
            return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(getpagesize()) : 0
        }
        let scripts = HostileScript.all.filter {
            switch $0.outcome {
            case .fails, .gives: true
            default: false
            }
        }
        func round() throws {
            for script in scripts { try check(script, on: state(script)) }
        }
        for _ in 0..<2 { try round() }
        // What other tests take is taken once; what a round loses is lost each time.
        var least = Int.max
        for _ in 0..<10 where least >= 64 << 20 {
            let before = residentBytes()
            try #require(before > 0)
            for _ in 0..<5 { try round() }
            least = min(least, residentBytes() - before)
        }
        // 5 rounds of some 150 scripts: 100 KiB lost in each would be more.
        #expect(least < 64 << 20)
    }

    @Test func whatAScriptDoesToItsGlobalsStaysInItsState() throws {
        let body = """
            if value == 0 then return {type(pcall), type(string), type(_G.polluted), ('x'):rep(2)} end
            pcall, string, polluted = nil, nil, true
            getmetatable('').__index = {rep = function() return 'taken' end}
            """
        let state = try LuaState.handler(body)
        try state.handle("1").done()
        // It does reach the values that come later in the same state.
        #expect(try state.results("0") == [#"["nil","nil","boolean","taken"]"#])
        #expect(try LuaState.handler(body).results("0") == [#"["function","table","nil","xx"]"#])
    }
}
