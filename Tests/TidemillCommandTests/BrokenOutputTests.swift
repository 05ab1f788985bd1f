import Foundation
import TestSupport
import Testing

/// Outputs that can't be written: a reader that went away, a full disk.
@Suite(.timeLimit(.minutes(10)))
struct BrokenOutputTests {
    private static let endless = #""type": "generate", "template": "x{{index}}""#
    private static let same = "return function(line) return line end"

    @Test func aClosedOutputEndsTheRun() async throws {
        let folder = try Folder()
        try folder.write(.scripted(source: Self.endless), script: Self.same)
        let script = #""$0" run c.json | head -n 2; exit ${PIPESTATUS[0]}"#
        let result = try await folder.run("bash", ["-c", script, Program.binary.path])
        #expect(result.status == 75)
        #expect(result.output == "x0\nx1\n")
        #expect(result.errors.contains("tidemill: out: stdout: "), "\(result.errors)")
        #expect(!result.errors.contains("UNACCOUNTED"))
    }

    @Test func aFullDiskStopsTheRun() async throws {
        let folder = try Folder()
        var pipeline = TestPipeline.scripted()
        pipeline.sinks = [#""name": "out", "type": "file", "path": "/dev/full", "mode": "append""#]
        let result = try await folder.run(pipeline, script: Self.same, input: "a\n")
        #expect(result.status == 1)
        #expect(result.errors.contains("out: /dev/full: can't write to it: No space left on device"))
        #expect(result.books == "taken 1 + emitted 0 = rejected 1")
    }

    /// A job that can't be kept as a dead letter either goes back, and the run fails.
    @Test func deadLettersThatCannotBeWrittenStopTheRun() async throws {
        let folder = try Folder()
        var pipeline = TestPipeline.scripted()
        pipeline.more = [#""dead_letters": {"type": "file", "path": "/dev/full", "mode": "append"}"#]
        let result = try await folder.run(pipeline, script: "return function() return nil, 'no' end", input: "a\n")
        #expect(result.status == 1)
        #expect(result.errors.contains("tidemill: dead_letters: /dev/full: can't write to it: No space left on device"))
        #expect(result.books == "taken 1 + emitted 0 = rejected 1")
    }

    /// A real disk that runs full in the middle: what is on it are whole lines, and they are there after a repair too.
    @Test(.enabled(if: getuid() == 0, "only root may mount"))
    func aDiskThatRunsFullKeepsWholeLines() async throws {
        let folder = try Folder()
        try FileManager.default.createDirectory(at: folder.file("disk"), withIntermediateDirectories: true)
        let mounted = try await folder.run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", "disk"])
        // Not every container lets its root mount.
        guard mounted.status == 0 else { return }
        var pipeline = TestPipeline.scripted(source: Self.endless)
        pipeline.sinks = [#""name": "out", "type": "file", "path": "disk/out.jsonl""#]
        let script = #"return function(line) return { line = line, filler = ("y"):rep(300) } end"#
        let result = try await folder.run(pipeline, script: script)
        let text = try folder.read("disk/out.jsonl")
        _ = try await folder.run("umount", ["disk"])
        #expect(result.status == 1)
        #expect(
            result.errors.contains("disk/out.jsonl: can't write to it: No space left on device"),
            "\(result.errors)"
        )
        #expect(!result.errors.contains("UNACCOUNTED"))
        #expect(text.hasSuffix("}\n"))
        let lines = text.split(separator: "\n")
        #expect(lines.count == result.count("delivered"))
        for line in lines where (try? JSONSerialization.jsonObject(with: Data(line.utf8))) == nil {
            Issue.record("not JSON: \(line)")
        }
    }
}
