import Foundation
import TestSupport
import Testing

/// Files that others change while they are read.
///
/// The stage holds its first job at a gate and there is hardly any room before it, so that the source stands still in
/// the middle of its first file until the test has done its deed.
@Suite(.timeLimit(.minutes(10)))
struct ChangingFilesTests {
    private static let pipeline = TestPipeline(
        sources: [#""name": "in", "type": "file", "path": "*.log""#],
        stages: [#""name": "work", "script": "work.lua", "channel": {"capacity": 1}, "# + ScriptGate.capability],
        sinks: [#""name": "out", "type": "file", "path": "out.txt", "format": "lines""#]
    )
    private static let script =
        ScriptGate.lua + """
            local seen = 0
            return function(line, ctx)
              seen = seen + 1
              if seen == 1 then wait(ctx) end
              return line
            end
            """

    private func run(lines count: Int, _ deed: (Folder) throws -> Void) async throws -> (Folder, Program.Result) {
        let folder = try Folder()
        try folder.closeGate()
        try folder.write((1...count).map { "\($0)\n" }.joined(), to: "a.log")
        try folder.write("b\n", to: "b.log")
        try folder.write("c\n", to: "c.log")
        let running = try folder.start(Self.pipeline, script: Self.script)
        try await running.waitForError("holding")
        try deed(folder)
        try folder.openGate()
        return (folder, await running.end())
    }

    @Test func oneThatVanishesIsADeadLetter() async throws {
        let (folder, result) = try await run(lines: 3_000) { try $0.remove("b.log") }
        #expect(result.status == 0)
        #expect(result.books == "taken 3,002 + emitted 0 = delivered 3,001 + dead_lettered 1")
        #expect(try folder.lines("out.txt").last == "c")
        let letter = try #require(try folder.letters().first)
        #expect(letter.value == "b.log" && letter.stage == "in" && letter.kind == "input")
        #expect(letter.message == "b.log: can't open it: No such file or directory")
    }

    @Test func whatIsAddedIsReadToo() async throws {
        let (folder, result) = try await run(lines: 3_000) { try $0.append("more\nand more", to: "a.log") }
        #expect(result.status == 0)
        #expect(result.books == "taken 3,004 + emitted 0 = delivered 3,004")
        #expect(try folder.lines("out.txt").suffix(4) == ["more", "and more", "b", "c"])
    }

    @Test func oneThatIsCutShortJustEnds() async throws {
        let (folder, result) = try await run(lines: 200_000) { try $0.truncate("a.log") }
        #expect(result.status == 0)
        let taken = result.count("taken")
        #expect(taken > 1_000 && taken < 200_000 && result.count("delivered") == taken, "\(result.errors)")
        #expect(try folder.lines("out.txt").count == taken)
        #expect(try folder.lines("out.txt").suffix(2) == ["b", "c"])
    }
}
