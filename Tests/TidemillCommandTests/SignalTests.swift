import Foundation
import Testing

/// What signals do to a run.
@Suite(.timeLimit(.minutes(5)))
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
}
