import Foundation
import TestSupport
import Testing

/// A run that is killed: what it wrote stays usable.
@Suite(.timeLimit(.minutes(10)))
struct CrashTests {
    /// It says when it is at an index, and a good bit further on it waits to be killed, so that a test that is slow to
    /// do that doesn't fill the disk.
    private static let script = """
        local filler = ("x"):rep(500)
        return function(index, ctx)
          index = tonumber(index)
          local at = ctx.options.at
          if index == at then ctx.log.info("there it is") end
          while at > 0 and index > at + 1500 do ctx:sleep(60) end
          return { index = index, filler = filler }
        end
        """

    private func pipeline(count: Int, at index: Int) -> TestPipeline {
        var pipeline = TestPipeline.scripted(
            #""options": {"at": \#(index)}, "channel": {"capacity": 64}"#,
            source: #""type": "generate", "count": \#(count), "template": "{{index}}""#
        )
        let limits = #""channel": {"capacity": 64}"#
        pipeline.sinks = [#""name": "out", "type": "file", "path": "out.jsonl", "mode": "append", "# + limits]
        return pipeline
    }

    @Test func everyLineIsWholeAfterManyKills() async throws {
        let folder = try Folder()
        var cuts = 0
        for round in 0..<24 {
            let running = try folder.start(pipeline(count: 1_000_000, at: 1 + round * 40), script: Self.script)
            try await running.waitForError("there it is")
            running.send(signal: SIGKILL)
            let result = await running.wait()
            #expect(result.signal == SIGKILL)
            if result.errors.contains("cut off half a line") { cuts += 1 }
            // Where a kill did not leave half a line by itself, it is left here.
            if round.isMultiple(of: 3) { try folder.append(#"{"index":7,"fil"#, to: "out.jsonl") }
        }
        #expect(cuts >= 7)
        let result = try await folder.run(pipeline(count: 100, at: -1), script: Self.script)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.books == "taken 100 + emitted 0 = delivered 100")
        let text = try folder.read("out.jsonl")
        #expect(text.hasSuffix("\n"))
        let lines = try folder.lines("out.jsonl")
        for line in lines {
            let isObject = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) is [String: Any]
            if !isObject { Issue.record("not a line of JSON: \(line.prefix(80))") }
        }
        #expect(lines.count >= 100)
    }
}
