import Foundation
import TestSupport
import Testing
import Tidemill

/// What the command says it has left.
@Suite(.timeLimit(.minutes(10)))
struct LeftoverTests {
    private static let marker = "tidemill-leftovers: "
    private static let waiting = "return function(line, ctx) ctx.log.info('waiting') ctx:sleep(1e6) return line end"

    private static var hasty: TestPipeline {
        var pipeline = TestPipeline.scripted()
        pipeline.more.append(#""shutdown_timeout": "50ms""#)
        return pipeline
    }

    private func totals(_ errors: String) throws -> Value? {
        let line = errors.split(separator: "\n").first { $0.hasPrefix(Self.marker) }
        return try line.map { try Value(json: String($0.dropFirst(Self.marker.count))) }
    }

    @Test func theNumbersAreOneLine() async throws {
        let folder = try Folder()
        let running = try folder.start(Self.hasty, script: Self.waiting)
        running.write("one\ntwo\nthree\n")
        try await running.waitForError("waiting")
        running.send(signal: SIGTERM)
        let result = await running.wait()
        #expect(result.status == 75, "\(result.errors)")
        let totals = try #require(try totals(result.errors))
        #expect(totals["messages"]?.integer == 3 && totals["jobs"]?.integer == 3)
        let source = try #require(totals["sources"]?[0])
        #expect(source["source"]?.text == "in" && source["cancelled"]?.integer == 3)
        #expect(source["rejected"]?.integer == 0 && source["comes_again"]?.bool == false)
        #expect(totals["places"]?.elements?.contains { $0["state"]?.text == "at_work" } == true)
        #expect(result.errors.contains("\nleft of in: 3 not done"), "\(result.errors)")
        #expect(result.errors.contains("1 at work in work"), "\(result.errors)")
    }

    @Test func theListIsAFile() async throws {
        let folder = try Folder()
        try folder.write(Self.hasty, script: Self.waiting)
        let running = try Program.start(["run", "c.json", "--quiet", "--leftovers", "left.jsonl"], in: folder.url)
        running.write("one\ntwo\nthree\n")
        try await running.waitForError("waiting")
        running.send(signal: SIGTERM)
        let result = await running.wait()
        #expect(result.status == 75, "\(result.errors)")
        #expect(!result.errors.contains(Self.marker) && !result.errors.contains("left of"))
        let lines = try folder.lines("left.jsonl").map { try Value(json: $0) }
        try #require(lines.count == 4)
        #expect(lines[0]["messages"]?.integer == 3 && lines[0]["listed"]?.integer == 3)
        #expect(lines.dropFirst().map { $0["id"]?.text } == ["in-1", "in-2", "in-3"])
        let job = lines[1]
        #expect(job["source"]?.text == "in" && job["sequence"]?.integer == 1 && job["node"]?.text == "work")
        #expect(job["state"]?.text == "at_work" && job["outcome"]?.text == "cancelled" && job["key"] == .null)
        #expect(job["failed_attempts"]?.integer == 0 && job["age_seconds"]?.number ?? -1 > 0)
        // Nothing half-written lies about.
        #expect(try Set(FileManager.default.contentsOfDirectory(atPath: folder.url.path)).count == 4)
    }

    @Test func aRunThatIsDoneSaysNothing() async throws {
        let folder = try Folder()
        try folder.write("old", to: "left.jsonl")
        let same = "return function(line) return line end"
        let result = try await folder.run(.scripted(), script: same, ["--leftovers", "left.jsonl"], input: "a\n")
        #expect(result.status == 0 && !result.errors.contains("left"), "\(result.errors)")
        let lines = try folder.lines("left.jsonl")
        #expect(lines.count == 1 && lines[0].hasPrefix(#"{"messages":0,"#))
    }

    /// A job that was handed back is not done either, however well the run ended.
    @Test func whatIsHandedBackIsUnfinished() async throws {
        let folder = try Folder()
        let script = "return function(line) if line == 'b' then error('no') end return line end"
        let pipeline = TestPipeline.scripted(#""on_error": "reject""#)
        let result = try await folder.run(pipeline, script: script, input: "a\nb\nc\n")
        #expect(result.status == 75, "\(result.errors)")
        #expect(result.books == "taken 3 + emitted 0 = delivered 2 + rejected 1")
        #expect(result.errors.contains("test: drained after") && result.errors.contains("left of in: 1 handed back"))
        #expect(try totals(result.errors)?["sources"]?[0]?["rejected"]?.integer == 1)
    }

    @Test func aListThatCannotBeWrittenIsSaid() async throws {
        let folder = try Folder()
        let same = "return function(line) return line end"
        let result = try await folder.run(.scripted(), script: same, ["--leftovers", "no/left.jsonl"], input: "a\n")
        #expect(result.status == 1 && result.output == "a\n")
        #expect(result.errors.contains("tidemill: the list of what is left can't be written to no/left.jsonl"))
        #expect(try totals(result.errors)?["messages"]?.integer == 0)
    }

    /// What a failed run leaves is listed too.
    @Test func aFailureKeepsItsStatus() async throws {
        let folder = try Folder()
        var pipeline = TestPipeline.scripted()
        pipeline.sinks = [#""name": "out", "type": "file", "path": "/dev/full", "mode": "append""#]
        let same = "return function(line) return line end"
        let result = try await folder.run(pipeline, script: same, ["--leftovers", "left.jsonl"], input: "a\n")
        #expect(result.status == 1)
        let lines = try folder.lines("left.jsonl").map { try Value(json: $0) }
        #expect(lines.count == 2 && lines[0]["messages"]?.integer == 1)
        #expect(lines.last?["node"]?.text == "out" && lines.last?["outcome"]?.text == "rejected")
    }
}
