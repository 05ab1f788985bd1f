import Foundation
import TestSupport
import Testing

/// Input that is not as it should be: what is good goes on, what is bad is accounted for.
@Suite(.timeLimit(.minutes(10)))
struct BadInputTests {
    private static let file = #""name": "in", "type": "file", "path": "in""#

    private func run(_ bytes: Data, _ fields: String = "", sink: String = "lines") async throws -> (
        Folder, Program.Result
    ) {
        let folder = try Folder()
        try folder.write(bytes, to: "in")
        let pipeline = TestPipeline(
            sources: [Self.file + fields],
            sinks: [#""name": "out", "type": "file", "path": "out", "format": "\#(sink)""#]
        )
        return (folder, try await folder.run(pipeline))
    }

    @Test func bytesThatAreNoText() async throws {
        let input = Data([0xFF, 0xFE, 0x0A, 0x61, 0x00, 0x62, 0x0A, 0xC3, 0x0A])
        let (folder, result) = try await run(input)
        #expect(result.status == 0)
        #expect(result.books == "taken 3 + emitted 0 = delivered 3")
        #expect(try Data(contentsOf: folder.file("out")) == input)
    }

    /// JSON has no way to write them, so they are replaced, and the output is JSON all the same.
    @Test func bytesThatAreNoTextAsJSON() async throws {
        let (folder, result) = try await run(
            Data([0x61, 0xFF, 0x62, 0x0A, 0x63, 0x00, 0x64, 0x0A]),
            sink: "json_lines"
        )
        #expect(result.books == "taken 2 + emitted 0 = delivered 2")
        #expect(try folder.lines("out").map(canonical) == ["\"a\u{FFFD}b\"", #""c\u0000d""#])
    }

    @Test(arguments: [
        ("", 0, ""), ("\n", 1, "\n"), ("a", 1, "a\n"), ("a\n", 1, "a\n"), ("a\r\nb\n\r\n\nc", 5, "a\nb\n\n\nc\n"),
        ("a\rb\n", 1, "a\rb\n"),
    ])
    func lineEnds(input: String, count: Int, output: String) async throws {
        let (folder, result) = try await run(Data(input.utf8))
        #expect(result.status == 0)
        #expect(
            result.books == (count == 0 ? "taken 0 + emitted 0 = 0" : "taken \(count) + emitted 0 = delivered \(count)")
        )
        #expect(try folder.read("out") == output)
    }

    @Test func aLineOfAHundredMegabytes() async throws {
        let folder = try Folder()
        try folder.write("before\n", to: "in")
        try folder.truncate("in", to: 100 << 20)
        try folder.append("\nafter\n", to: "in")
        // Standard input stays open behind the file, so that the process is still there to be asked for its memory.
        let pipeline = TestPipeline(
            sources: [Self.file, #""name": "wait", "type": "stdin""#],
            stages: [#""name": "work", "script": "work.lua""#]
        )
        let running = try folder.start(
            pipeline,
            script: "return function(line, ctx) ctx.log.info('got ' .. line) return line end"
        )
        try await running.waitForError("got after")
        let memory = try running.peakMemory()
        let result = await running.end()
        #expect(result.books == "taken 3 + emitted 0 = delivered 2 + dead_lettered 1")
        #expect(result.output == "before\nafter\n")
        let letter = try #require(try folder.letters().first)
        #expect(letter.message == "in:2: a line of more than 1048576 bytes (max_line); its first 1024 are kept")
        #expect(letter.stage == "in" && letter.kind == "input" && letter.value?.utf8.count == 1024)
        #expect(memory < 80 << 20, "\(memory >> 20) MiB")
    }

    @Test func linesThatAreNoJSON() async throws {
        let input = "{\"a\": 1}\n{\"a\": }\n\n[1, 2\n\"x\"\nnan\n{\"a\": 1} 2\n"
        let (folder, result) = try await run(Data(input.utf8), #", "format": "json_lines""#, sink: "json_lines")
        #expect(result.status == 0)
        #expect(result.books == "taken 6 + emitted 0 = delivered 2 + dead_lettered 4")
        #expect(try folder.lines("out") == [#"{"a":1}"#, #""x""#])
        let letters = try folder.letters()
        #expect(letters.map { String($0.message.prefix(6)) } == ["in:2: ", "in:4: ", "in:6: ", "in:7: "])
        #expect(letters.map(\.value) == ["{\"a\": }", "[1, 2", "nan", "{\"a\": 1} 2"])
        #expect(letters.compactMap { $0.metadata["line"] as? Int } == [2, 4, 6, 7])
        #expect(letters.allSatisfy { $0.metadata["path"] as? String == "in" && $0.stage == "in" })
    }

    @Test func rowsThatAreNoCSV() async throws {
        let input = "a,b\n1,2\n3\n\"4\n4\",5\n6,\"7\"8\n9,\"10"
        let (folder, result) = try await run(Data(input.utf8), #", "format": "csv""#, sink: "json_lines")
        #expect(result.status == 0)
        #expect(result.books == "taken 5 + emitted 0 = delivered 2 + dead_lettered 3")
        #expect(try folder.lines("out") == [#"{"a":"1","b":"2"}"#, #"{"a":"4\n4","b":"5"}"#])
        let messages = try folder.letters().map(\.message)
        #expect(messages.first == "in:3: a row of 1 fields where 2 are expected")
        #expect(messages.map { String($0.prefix(6)) } == ["in:3: ", "in:6: ", "in:7: "])
    }

    @Test(arguments: ["gzip", "zstd"])
    func packedInput(program: String) async throws {
        let folder = try Folder()
        let text = (1...5_000).map { "line \($0)\n" }.joined()
        try folder.write(text, to: "plain")
        _ = try await folder.run(program, ["-q", "-k", "plain"])
        let packed = program == "gzip" ? "plain.gz" : "plain.zst"
        let pipeline = TestPipeline(sources: [#""name": "in", "type": "file", "path": "\#(packed)""#])
        let whole = try await folder.run(pipeline)
        #expect(whole.status == 0)
        #expect(whole.books == "taken 5,000 + emitted 0 = delivered 5,000")
        #expect(whole.output == text)

        let size = try Data(contentsOf: folder.file(packed)).count
        try folder.truncate(packed, to: UInt64(size / 2))
        let cut = try await folder.run(pipeline)
        #expect(cut.status == 1)
        #expect(cut.errors.contains("in: \(packed): the \(program) data ends too early"), "\(cut.errors)")
        #expect(text.hasPrefix(cut.output) || cut.output.isEmpty)
        #expect(!cut.errors.contains("UNACCOUNTED"))
    }
}
