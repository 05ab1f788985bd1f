import Foundation
import TestSupport
import Testing
import Tidemill
import TidemillTesting

@testable import TidemillCommand

/// The live lines of a run.
@Suite(.timeLimit(.minutes(10)))
struct ProgressTests {
    @Test func frames() async throws {
        let pipeline = try Pipeline(
            name: "test",
            nodes: [
                .source("numbers") { output in
                    output.report(done: 1, of: 4)
                    for number in 1...4 { try await output.send(.integer(Int64(number))) }
                    output.report(done: 4, of: 4)
                },
                .stage("check", StageSettings(workers: 3)) { value in
                    if value.integer == 3 { throw JobFailure(.input, "three") }
                    return value
                },
                .sink("out") { _ in },
            ],
            deadLetters: CollectingSink()
        )
        var frames = ProgressFrames()
        #expect(frames.erase == "")
        let first = frames.next(pipeline.snapshot())
        #expect(!first.contains("\u{1B}"))
        let lines = first.split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines[0].hasPrefix("numbers ") && lines[0].contains(" 0/s"))
        #expect(lines[1].hasPrefix("check ") && lines[1].contains("queue 0/1,024") && lines[1].hasSuffix("busy 0/3"))
        #expect(lines[3].hasPrefix("dead_letters "))

        try await pipeline.run()
        let second = frames.next(pipeline.snapshot())
        #expect(second.hasPrefix("\u{1B}[4A\u{1B}[J"))
        #expect(second.contains("████████████████████████ 100 %"))
        #expect(second.contains("failed 1\n"))
        #expect(frames.erase == "\u{1B}[4A\u{1B}[J")
        // Nothing has come in since, so all rates are zero.
        let third = frames.next(pipeline.snapshot())
        #expect(third.split(separator: "\n").allSatisfy { $0.contains(" 0/s") })
    }

    @Test func aTerminalGetsLinesThatAreErasedAtTheEnd() async throws {
        let folder = try Folder()
        try folder.closeGate()
        var pipeline = TestPipeline.scripted(
            ScriptGate.capability,
            source: #""type": "generate", "count": 3, "template": "{{index}}""#
        )
        pipeline.sinks = [#""name": "out", "type": "file", "path": "out""#]
        try folder.write(pipeline, script: ScriptGate.lua + "return function(line, ctx) wait(ctx) return line end")
        let command = "\(Program.binary.path) run c.json"
        let running = try Program.start(
            ["-qec", command, "/dev/null"],
            of: URL(fileURLWithPath: "/usr/bin/script"),
            in: folder.url
        )
        // The second frame is drawn over the first.
        try await running.waitForOutput("\u{1B}[4A\u{1B}[J")
        try folder.openGate()
        let result = await running.wait()
        #expect(result.status == 0, "\(result.output)")
        #expect(result.output.contains("busy 1/1"))
        let rest = try #require(result.output.components(separatedBy: "\u{1B}[4A\u{1B}[J").last)
        #expect(rest.hasPrefix("test: drained after "), "\(rest)")
        #expect(rest.contains("books: taken 3 + emitted 0 = delivered 3"))
    }

    /// Nothing moves on a terminal to which the pipeline itself writes, in a file, or where it is to be quiet.
    @Test(arguments: [#""type": "stdout", "format": "lines""#, #""type": "file", "path": "out""#])
    func noLinesWhereTheyWouldBeInTheWay(sink: String) async throws {
        let folder = try Folder()
        var pipeline = TestPipeline.scripted(source: #""type": "generate", "count": 3, "template": "{{index}}""#)
        pipeline.sinks = [#""name": "out", "# + sink]
        try folder.write(pipeline, script: "return function(line, ctx) ctx:sleep(0.4) return line end")
        let command = "\(Program.binary.path) run \(sink.contains("stdout") ? "" : "--quiet") c.json"
        let running = try Program.start(
            ["-qec", command, "/dev/null"],
            of: URL(fileURLWithPath: "/usr/bin/script"),
            in: folder.url
        )
        let result = await running.wait()
        #expect(result.status == 0)
        #expect(!result.output.contains("\u{1B}"), "\(result.output)")
    }
}
