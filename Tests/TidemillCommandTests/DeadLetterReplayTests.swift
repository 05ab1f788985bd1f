import Foundation
import TestSupport
import Testing

/// `tidemill dead-letters replay`: a script that fails, is fixed, and gets what it failed at once more.
@Suite(.timeLimit(.minutes(10)))
struct DeadLetterReplayTests {
    /// Two sources, a stage that makes tables, one that fails as long as `broken` says so, and one behind it.
    private let pipeline: TestPipeline = {
        TestPipeline(
            sources: [#""name": "in", "type": "stdin""#, #""name": "more", "type": "file", "path": "more.txt""#],
            stages: [
                #""name": "parse", "script": "parse.lua", "inputs": ["in"]"#,
                #""name": "work", "script": "work.lua", "inputs": ["parse", "more"]"#,
                #""name": "last", "script": "last.lua", "inputs": ["work"]"#,
            ],
            sinks: [
                #""name": "out", "type": "file", "path": "out.jsonl", "inputs": ["last"]"#,
                #""name": "side", "type": "drop", "inputs": ["parse"]"#,
            ]
        )
    }()

    private func write(_ folder: Folder, work: String) throws {
        try folder.write(
            "return function(line, ctx) ctx:emit({line = line, raw = '\\255'}, {key = 'k'}) end",
            to: "parse.lua"
        )
        try folder.write("return function(value, ctx) value.last = true; return value end", to: "last.lua")
        try folder.write("more\n", to: "more.txt")
        try folder.write(pipeline, script: work)
    }

    private static let broken = "return function(value) error('broken') end"
    private static let whole = """
        return function(value, ctx)
          assert(type(value) == "string" or value.raw == "\\255")
          return { line = value.line or value, key = ctx.job.key, was = ctx.job.metadata.dead_letter.job }
        end
        """

    private func failedRun() async throws -> Folder {
        let folder = try Folder()
        try write(folder, work: Self.broken)
        let result = try await Program.run(["run", "c.json", "-q"], in: folder.url, input: "a\nb\n")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try folder.letters().count == 3)
        return folder
    }

    @Test func intoTheMiddleOfTheGraph() async throws {
        let folder = try await failedRun()
        try folder.remove("more.txt")
        try folder.write(Self.whole, to: "work.lua")
        let dry = try await folder.letters("replay", "--all", "--dry-run")
        #expect(
            dry.errors == "tidemill: 3 dead letters would be replayed\n" && dry.output.split(separator: "\n").count == 3
        )
        let result = try await folder.letters("replay", "--all")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.hasSuffix("tidemill: 3 dead letters: 3 done, 0 failed again\n"))
        #expect(result.books == "taken 3 + emitted 0 = delivered 3")
        let lines = try folder.lines("out.jsonl").map { try canonical($0) }.sorted()
        #expect(
            lines == [
                #"{"key":"k","last":true,"line":"a","was":"in-1"}"#,
                #"{"key":"k","last":true,"line":"b","was":"in-2"}"#,
                #"{"last":true,"line":"more","was":"more-1"}"#,
            ]
        )
        #expect(try folder.read("dead.jsonl").isEmpty)
        #expect(!folder.exists("dead.jsonl.replay") && !folder.exists("dead.jsonl.new"))
        let nothing = try await folder.letters("replay", "--all")
        #expect(nothing.status == 0 && nothing.errors.contains("0 dead letters: 0 done"))
    }

    /// The output of the run before stays, also where the sink replaces its file.
    @Test func outputGoesOn() async throws {
        let folder = try await failedRun()
        try folder.write("{\"before\":true}\n", to: "out.jsonl")
        try folder.write(Self.whole, to: "work.lua")
        #expect(try await folder.letters("replay", "--match", "more").status == 0)
        #expect(try folder.lines("out.jsonl").count == 2)
        #expect(try folder.letters().count == 2)
    }

    @Test func fromTheStart() async throws {
        let folder = try await failedRun()
        try folder.write(
            "return function(value, ctx) return {from = ctx.job.metadata.dead_letter.job, kind = type(value.line or value)} end",
            to: "work.lua"
        )
        let result = try await folder.letters("replay", "--all", "--from-start")
        #expect(result.status == 0, "\(result.errors)")
        let lines = try folder.lines("out.jsonl").map { try canonical($0) }.sorted()
        #expect(
            lines == [
                #"{"from":"in-1","kind":"table","last":true}"#, #"{"from":"in-2","kind":"table","last":true}"#,
                #"{"from":"more-1","kind":"string","last":true}"#,
            ]
        )
    }

    /// A letter that fails again has a successor with its history; its job keeps its name.
    @Test func failingAgain() async throws {
        let folder = try await failedRun()
        let before = try await folder.listed()
        for round in 1...2 {
            let result = try await folder.letters("replay", "--all", "-q")
            #expect(result.status == 0)
            #expect(result.errors == "tidemill: 3 dead letters: 0 done, 3 failed again\n")
            #expect(try await folder.listed().allSatisfy { $0["replayed"] as? Int == round })
        }
        let after = try await folder.listed()
        #expect(
            Set(after.compactMap { $0["id"] as? String }).isDisjoint(with: before.compactMap { $0["id"] as? String })
        )
        for letter in after {
            #expect((letter["attempts"] as? [Any])?.count == 3)
            let job = try #require(letter["job"] as? [String: Any])
            let old = before.first { ($0["job"] as? [String: Any])?["id"] as? String == job["id"] as? String }
            #expect(NSDictionary(dictionary: old?["job"] as? [String: Any] ?? [:]) == NSDictionary(dictionary: job))
            #expect(job["metadata"] is NSNull)
        }
    }

    /// A sink's letters go to the sink, a source's nowhere, and those of a node that is gone stay.
    @Test func whereLettersGo() async throws {
        let folder = try Folder()
        var pipeline = TestPipeline.scripted(source: #""type": "stdin", "format": "json_lines""#)
        let work = "return function(value) if value == 'sink' then return {} end error('no') end"
        let run = try await folder.run(pipeline, script: work, ["-q"], input: "\"sink\"\n\"work\"\nnone\n")
        #expect(run.status == 0)
        #expect(Set(try folder.letters().map(\.stage)) == ["work", "out", "in"])
        pipeline.stages = [#""name": "other", "script": "work.lua""#]
        pipeline.sinks = [#""name": "out", "type": "stdout", "format": "json_lines""#]
        try folder.write(pipeline, script: work)
        let result = try await folder.letters("replay", "--all", "-q")
        #expect(result.status == 75 && result.output == "{}\n", "\(result)")
        #expect(result.errors.contains("1 dead letter kept: \"work\", where it failed, is not in the configuration"))
        #expect(result.errors.contains("1 dead letter kept: it is what the source \"in\" could not read"))
        #expect(Set(try folder.letters().map(\.stage)) == ["work", "in"])
    }

    /// What is filtered is done as well; what a policy hands back is kept.
    @Test func outcomes() async throws {
        let folder = try await failedRun()
        try folder.write(
            "return function(value, ctx) if value.line == 'a' then return nil end ctx:emit(value) end",
            to: "work.lua"
        )
        #expect(try await folder.letters("replay", "--match", "raw", "-q").status == 0)
        #expect(try folder.letters().map(\.value) == ["more"])
        var rejecting = pipeline
        rejecting.stages[1] += #", "on_error": "reject""#
        try folder.write(rejecting, script: Self.broken)
        let result = try await folder.letters("replay", "--all", "-q")
        #expect(result.status == 75 && result.errors.contains("1 kept, for their jobs were not finished"))
        #expect(try folder.letters().map(\.value) == ["more"])
    }

    @Test func aScriptThatIsStillBrokenChangesNothing() async throws {
        let folder = try await failedRun()
        let before = try folder.read("dead.jsonl")
        try folder.write("return function(", to: "work.lua")
        let result = try await folder.letters("replay", "--all")
        #expect(result.status == 78 && result.errors.contains("work.lua:1"))
        #expect(try folder.read("dead.jsonl") == before && !folder.exists("dead.jsonl.replay"))
    }

    @Test func aSignalKeepsWhatIsNotDone() async throws {
        let folder = try await failedRun()
        try folder.closeGate()
        var gated = pipeline
        gated.stages[1] += ", " + ScriptGate.capability
        gated.more.append(#""shutdown_timeout": "0s""#)
        try folder.write(gated, script: ScriptGate.lua + "return function(value, ctx) wait(ctx) return value end")
        let running = try folder.startReplay("--all")
        try await running.waitForError("holding")
        running.send(signal: SIGTERM)
        let result = await running.wait()
        #expect(result.status == 75 && result.errors.contains("3 kept"), "\(result.errors)")
        #expect(try folder.letters().count == 3)
    }
}
