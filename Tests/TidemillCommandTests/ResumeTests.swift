import Foundation
import TestSupport
import Testing
import TidemillTesting

/// Runs that are killed at random moments and begun again until the input is done.
@Suite(.timeLimit(.minutes(10)))
struct ResumeTests {
    private static let killsPerPipeline = 18

    /// 12 pipelines and more than 200 kills.
    @Test(arguments: 0..<12) func nothingIsLostAndLittleIsDoneTwice(seed: Int) async throws {
        var numbers = SeededRandom(seed: seed + 1)
        let resuming = ResumingPipeline(seed: seed, using: &numbers)
        let what: Comment = "seed \(seed): \(resuming)"
        let folder = try Folder()
        try await resuming.writeInput(to: folder)
        var written = WrittenNumbers(count: resuming.count)
        var (kills, duplicates, most, halves) = (0, 0, 0, 0)

        while kills < Self.killsPerPipeline {
            let at = written.largest + Int.random(in: 1...resuming.stride, using: &numbers)
            guard at < resuming.count else { break }
            let slack = Int.random(in: 0...resuming.stride / 4, using: &numbers)
            let running = try folder.start(resuming.pipeline(at: at, slack: slack), script: ResumingPipeline.script)
            // Some die before they have done anything.
            if Int.random(in: 0..<10, using: &numbers) > 0 { try await running.waitForError("there it is") }
            for _ in 0..<Int.random(in: 0...200, using: &numbers) { await Task.yield() }
            running.send(signal: SIGKILL)
            let result = await running.wait()
            // Near the end of the input a run may be done before the signal comes.
            #expect(result.signal == SIGKILL || result.status == 0, "\(what): \(result.errors)")
            kills += 1
            if result.errors.contains("cut off half a line") { halves += 1 }
            let again = try written.read(folder.file("out.txt"))
            #expect(again <= resuming.inFlight, what)
            (duplicates, most) = (duplicates + again, max(most, again))
            // Where a kill did not leave half a line by itself, it is left here.
            if kills.isMultiple(of: 4), folder.exists("out.txt") { try folder.append("12", to: "out.txt") }
        }

        let last = try await folder.run(resuming.pipeline(at: -1, slack: 0), script: ResumingPipeline.script)
        #expect(last.status == 0, "signal \(last.signal ?? 0): \(last.errors)")
        let again = try written.read(folder.file("out.txt"))
        #expect(again <= resuming.inFlight, what)
        (duplicates, most) = (duplicates + again, max(most, again))
        #expect(written.missing == 0, what)
        let text = try folder.read("out.txt")
        #expect(text.hasSuffix("\n"))
        print(
            "\(what): \(kills) kills, \(resuming.count) messages, \(duplicates) duplicates, most after one kill \(most) "
                + "(bound \(resuming.inFlight)), \(halves) half lines cut off"
        )
        // All is settled: there is nothing new.
        let nothing = try await folder.run(resuming.pipeline(at: -1, slack: 0), script: ResumingPipeline.script)
        #expect(nothing.count("taken") == 0, "\(nothing.errors)")
        #expect(try folder.read("out.txt") == text)
    }

    private static let source = #""name": "in", "type": "file", "path": "x", "checkpoint": "state""#
    private static let sink = #""name": "out", "type": "file", "path": "out", "format": "lines", "mode": "append""#

    @Test func aRunThatEndsLeavesItsPosition() async throws {
        let folder = try Folder()
        let pipeline = TestPipeline(sources: [Self.source], sinks: [Self.sink], more: [])
        try folder.write("1\n2\n", to: "x")
        #expect(try await folder.run(pipeline).books == "taken 2 + emitted 0 = delivered 2")
        try folder.append("3\n", to: "x")
        #expect(try await folder.run(pipeline).books == "taken 1 + emitted 0 = delivered 1")
        #expect(try folder.read("out") == "1\n2\n3\n")
    }

    @Test func oneRunAtATime() async throws {
        let folder = try Folder()
        try folder.write("1\n", to: "x")
        try folder.closeGate()
        let pipeline = TestPipeline(
            sources: [Self.source],
            stages: [#""name": "work", "script": "work.lua", "# + ScriptGate.capability],
            more: []
        )
        let script = ScriptGate.lua + "return function(v, ctx) wait(ctx) return v end"
        let first = try folder.start(pipeline, script: script)
        try await first.waitForError("holding")
        let second = try await Program.run(["run", "c.json"], in: folder.url)
        #expect(second.status != 0)
        #expect(second.errors.contains("in: state/in.checkpoint: another run is using this checkpoint"))
        try folder.openGate()
        #expect(await first.wait().output == "1\n")
    }

    @Test func aDamagedCheckpointIsNotTrusted() async throws {
        let folder = try Folder()
        let pipeline = TestPipeline(sources: [Self.source], sinks: [Self.sink], more: [])
        try folder.write("1\n", to: "x")
        #expect(try await folder.run(pipeline).status == 0)
        try folder.write("x" + (try folder.read("state/in.checkpoint")), to: "state/in.checkpoint")
        let result = try await folder.run(pipeline)
        #expect(result.status != 0)
        #expect(result.errors.contains("in: state/in.checkpoint: the checkpoint is damaged"), "\(result.errors)")
        #expect(result.errors.contains("delete it to begin anew"))
        #expect(try folder.read("out") == "1\n")
        try folder.remove("state/in.checkpoint")
        #expect(try await folder.run(pipeline).books == "taken 1 + emitted 0 = delivered 1")
    }
}
