import Foundation
import TestSupport
import Testing

/// What signals do to a run.
@Suite(.timeLimit(.minutes(10)))
struct SignalTests {
    private static let endless = """
        return function(line, ctx)
          ctx.log.info("looping")
          while true do pcall(function() local x = 1 end) end
        end
        """
    private static let slow = """
        return function(line, ctx)
          ctx.log.info("working on " .. line)
          ctx:sleep(0.3)
          return line
        end
        """

    @Test(arguments: [SIGTERM, SIGINT])
    func theFirstDrains(signal: Int32) async throws {
        let folder = try Folder()
        let running = try folder.start(.scripted(), script: Self.slow)
        running.write("one\ntwo\n")
        try await running.waitForError("working on one")
        running.send(signal: signal)
        let result = await running.wait()
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "one\ntwo\n")
        #expect(result.books == "taken 2 + emitted 0 = delivered 2")
    }

    @Test func whatTakesTooLongIsCancelled() async throws {
        let folder = try Folder()
        var pipeline = TestPipeline.scripted()
        pipeline.more.append(#""shutdown_timeout": "200ms""#)
        let running = try folder.start(pipeline, script: Self.endless)
        running.write("one\ntwo\nthree\n")
        try await running.waitForError("looping")
        running.send(signal: SIGTERM)
        let result = await running.wait()
        #expect(result.status == 75, "\(result.errors)")
        #expect(result.books == "taken 3 + emitted 0 = cancelled 3")
        #expect(result.errors.contains("test: stopped after "))
    }

    /// A script that waits is woken by the cancellation.
    @Test func aWaitIsCutShort() async throws {
        let folder = try Folder()
        var pipeline = TestPipeline.scripted()
        pipeline.more.append(#""shutdown_timeout": "50ms""#)
        let script = "return function(line, ctx) ctx.log.info('waiting') ctx:sleep(1e6) return line end"
        let running = try folder.start(pipeline, script: script)
        running.write("one\n")
        try await running.waitForError("waiting")
        running.send(signal: SIGTERM)
        let result = await running.wait()
        #expect(result.status == 75, "\(result.errors)")
        #expect(result.books == "taken 1 + emitted 0 = cancelled 1")
    }

    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143)])
    func theSecondStopsABusyScript(signal: Int32, status: Int) async throws {
        let folder = try Folder()
        let running = try folder.start(.scripted(), script: Self.endless)
        running.write("loop\n")
        try await running.waitForError("looping")
        running.send(signal: signal)
        try await running.waitForError("draining")
        running.send(signal: signal)
        let result = await running.wait()
        #expect(Int(result.status) == status, "\(result.errors)")
        #expect(result.books == "taken 1 + emitted 0 = cancelled 1")
        #expect(!result.errors.contains("can't be interrupted"))
    }

    /// A pattern that backtracks for ever is a C loop that nothing reaches: the program leaves it behind.
    @Test func aStuckScriptIsLeftBehind() async throws {
        let folder = try Folder()
        var pipeline = TestPipeline.scripted()
        pipeline.more.append(#""shutdown_timeout": "200ms""#)
        let script = """
            return function(line, ctx)
              ctx.log.info("stuck on " .. line)
              return (("a"):rep(40)):find(("(.-)"):rep(20) .. "b")
            end
            """
        try folder.write(pipeline, script: script)
        let running = try Program.start(["run", "c.json", "--leftovers", "left.jsonl"], in: folder.url)
        running.write("one\ntwo\n")
        try await running.waitForError("stuck on one")
        running.send(signal: SIGTERM)
        let result = await running.wait()
        #expect(result.status == 75, "\(result.errors)")
        #expect(result.errors.contains("a worker can't be stopped and is given up"))
        #expect(result.errors.contains("stuck"), "the summary has a column for it")
        let lines = try folder.lines("left.jsonl")
        #expect(lines.count == 3 && lines[1].hasPrefix(#"{"id":"in-1","#), "\(lines)")
        #expect(lines[1].contains(#""state":"at_work","outcome":"cancelled","failed_attempts":0"#), "\(lines)")
    }

    /// Many quick jobs and then endless ones in one batch: each of them would have to be stopped, and none is begun.
    @Test func oneInterruptEndsAWholeBatch() async throws {
        let folder = try Folder()
        var pipeline = TestPipeline.scripted(source: #""type": "generate", "template": "{{index}}", "count": 40000"#)
        pipeline.more.append(#""shutdown_timeout": "100ms""#)
        let script = """
            return function(line, ctx)
              if tonumber(line) >= 20000 then ctx.log.info("looping") while true do end end
              return line
            end
            """
        let running = try folder.start(pipeline, script: script)
        try await running.waitForError("looping")
        running.send(signal: SIGTERM)
        let result = await running.wait()
        #expect(result.status == 75, "\(result.errors)")
        #expect(result.count("delivered") + result.count("cancelled") == result.count("taken"), "\(result.errors)")
        #expect(!result.errors.contains("leaving it behind"))
        #expect(result.errors.components(separatedBy: "looping").count == 2)
    }

    /// More stuck workers than threads: those that get a thread only after the stop begin nothing.
    @Test func stuckWorkersOfAStageWithFewThreads() async throws {
        let folder = try Folder()
        var pipeline = TestPipeline.scripted(
            #""workers": 8"#,
            source: #""type": "generate", "template": "x{{index}}", "count": 100"#
        )
        pipeline.more.append(#""shutdown_timeout": "100ms""#)
        let script = """
            return function(line, ctx)
              ctx.log.info("stuck")
              return (("a"):rep(40)):find(("(.-)"):rep(20) .. "b")
            end
            """
        let running = try folder.start(pipeline, script: script)
        try await running.waitForError("stuck")
        running.send(signal: SIGTERM)
        let result = await running.wait()
        #expect(result.status == 75 && result.books == "taken 100 + emitted 0 = cancelled 100", "\(result.errors)")
        #expect(!result.errors.contains("leaving it behind"))
    }

    /// Before the start nothing was taken in; the drain waits for a script's `init`, and cuts it short in the end.
    @Test(arguments: [("wait(ctx)", "25s"), ("while true do end", "100ms")])
    func aDrainDuringTheStart(initialization: String, timeout: String) async throws {
        let folder = try Folder()
        try folder.closeGate()
        var pipeline = TestPipeline.scripted(ScriptGate.capability)
        pipeline.more.append(#""shutdown_timeout": "\#(timeout)""#)
        let script =
            ScriptGate.lua + """
                return { init = function(ctx) ctx.log.info("init") \(initialization) end,
                  handle = function(line) return line end }
                """
        let running = try folder.start(pipeline, script: script)
        running.write("one\n")
        try await running.waitForError("init")
        running.send(signal: SIGTERM)
        try await running.waitForError("draining")
        try folder.openGate()
        let result = await running.wait()
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "" && result.books == "taken 0 + emitted 0 = 0")
    }

    /// An `init` that nothing reaches has nothing to hand back, and does not keep the program.
    @Test func aStuckStartIsLeftBehind() async throws {
        let folder = try Folder()
        var pipeline = TestPipeline.scripted()
        pipeline.more.append(#""shutdown_timeout": "100ms""#)
        let script = """
            return { init = function(ctx)
                ctx.log.info("init")
                local _ = (("a"):rep(40)):find(("(.-)"):rep(20) .. "b")
              end, handle = function(line) return line end }
            """
        let running = try folder.start(pipeline, script: script)
        try await running.waitForError("init")
        running.send(signal: SIGTERM)
        let result = await running.wait()
        #expect(result.status == 75, "\(result.errors)")
        #expect(result.errors.contains(#""phase": "cancelling""#), "\(result.errors)")
    }

    /// A circuit breaker that stays open holds what is in front of it until the time is up.
    @Test func aDrainBehindAnOpenBreaker() async throws {
        let folder = try Folder()
        var pipeline = TestPipeline.scripted(
            #""circuit_breaker": {"min_jobs": 1, "pause": "1h", "max_pause": "1h"}, "workers": 1"#
        )
        pipeline.more.append(#""shutdown_timeout": "200ms""#)
        let script = "return function(line) error('down') end"
        let running = try folder.start(pipeline, script: script)
        running.write("one\n")
        try await running.waitForError("the circuit breaker takes no more")
        running.write("two\nthree\n")
        running.send(signal: SIGUSR1)
        try await running.waitForError(#""breaker": {"state":"open","#)
        running.send(signal: SIGTERM)
        let result = await running.wait()
        #expect(result.status == 75 || result.count("cancelled") == 0, "\(result.errors)")
        #expect(result.count("dead_lettered") == 1 && result.count("cancelled") + 1 == result.count("taken"))
    }

    /// What waits for another attempt gets it.
    @Test func retriesGoOnDuringADrain() async throws {
        let folder = try Folder()
        try folder.closeGate()
        let script = """
            return function(line, ctx)
              ctx.log.info("trying " .. line)
              if require("file").read("gate") ~= "open" then error("not yet") end
              return line
            end
            """
        let retry = #""retry": {"max_attempts": 1000, "initial_interval": "50ms", "max_interval": "50ms"}, "#
        let running = try folder.start(.scripted(retry + ScriptGate.capability), script: script)
        running.write("one\n")
        try await running.waitForError("trying one")
        running.send(signal: SIGTERM)
        try await running.waitForError("draining")
        try folder.openGate()
        let result = await running.wait()
        #expect(result.status == 0 && result.output == "one\n", "\(result.errors)")
        #expect(result.errors.contains("retried"), "the summary has a column for it")
    }
}
