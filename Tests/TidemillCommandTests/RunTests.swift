import Foundation
import TestSupport
import Testing

/// Pipelines as the built command runs them.
@Suite(.timeLimit(.minutes(10)))
struct RunTests {
    private static func config(
        script: String,
        workers: Int = 1,
        extra: String = "",
        letters: Bool = true,
        sink: String? = nil
    ) -> String {
        let deadLetters = letters ? #", "dead_letters": {"type": "file", "path": "dead.jsonl"}"# : ""
        return """
            {"name": "test",
             "sources": [{"name": "in", "type": "stdin"}],
             "stages": [{"name": "work", "script": "\(script)", "workers": \(workers)\(extra)}],
             "sinks": [\(sink ?? #"{"name": "out", "type": "stdout"}"#)]\(deadLetters)}
            """
    }

    @Test func theShippedPipeline() async throws {
        let folder = try Folder()
        for name in ["config.json", "scripts", "Examples"] {
            try FileManager.default.copyItem(
                at: Program.repository.appendingPathComponent(name),
                to: folder.url.appendingPathComponent(name)
            )
        }
        let result = try await Program.run(["run"], in: folder.url)
        #expect(result.status == 0, "\(result.errors)")
        let taken = try folder.lines("Examples/data/access.log").count
        let (requests, errors) = (try folder.lines("out/requests.jsonl"), try folder.lines("out/errors.jsonl"))
        let letters = try folder.lines("out/dead_letters.jsonl")
        #expect(taken == 5_000 && requests.count > 4_000 && !errors.isEmpty && !letters.isEmpty)
        #expect(errors.allSatisfy { $0.contains(#""class":"5xx""#) })
        #expect(requests.filter { $0.contains(#""class":"5xx""#) }.count == errors.count)
        #expect(letters.allSatisfy { $0.contains(#""stage":"parse""#) && $0.contains("sha256") })
        #expect(result.errors.contains("books: taken 5,000 + emitted \(errors.count) = "), "\(result.errors)")
        #expect(!result.errors.contains("UNACCOUNTED"))
    }

    @Test func keepsTheOrderWithManyWorkers() async throws {
        let folder = try Folder()
        try folder.write("return function(line) return line end", to: "same.lua")
        let sink = #"{"name": "out", "type": "stdout", "format": "lines"}"#
        try folder.write(
            Self.config(script: "same.lua", workers: 4, extra: #", "order": "input""#, sink: sink),
            to: "c.json"
        )
        let text = (1...20_000).map { "line \($0)\n" }.joined()
        let result = try await Program.run(["run", "c.json"], in: folder.url, input: text)
        #expect(result.status == 0)
        #expect(result.output == text)
    }

    @Test func aFailingJobBecomesADeadLetter() async throws {
        let folder = try Folder()
        let script = """
            local function check(line)
              if line == "bad" then error("no good: " .. line) end
              return line
            end
            return function(line)
              local checked = check(line)
              return checked
            end
            """
        try folder.write(script, to: "check.lua")
        try folder.write(Self.config(script: "check.lua"), to: "c.json")
        let result = try await Program.run(["run", "c.json"], in: folder.url, input: "a\nbad\nb\n")
        #expect(result.status == 0)
        #expect(result.output == "\"a\"\n\"b\"\n")
        let letters = try folder.lines("dead.jsonl")
        #expect(letters.count == 1)
        let letter = try #require(
            try JSONSerialization.jsonObject(with: Data(letters[0].utf8)) as? [String: Any]
        )
        #expect(letter["value"] as? String == "bad")
        #expect(letter["stage"] as? String == "work")
        let error = try #require(letter["error"] as? [String: Any])
        #expect(error["message"] as? String == "check.lua:2: no good: bad")
        #expect((error["traceback"] as? String)?.contains("check.lua:6") == true)
        #expect((letter["attempts"] as? [Any])?.count == 1)
        #expect(result.errors.contains("= delivered 2 + dead_lettered 1"), "\(result.errors)")
    }

    @Test func aScriptOutOfMemoryFailsOneJob() async throws {
        let folder = try Folder()
        let script = """
            local kept = 0
            return function(line)
              if line == "big" then return ("x"):rep(1 << 30) end
              kept = kept + 1
              return kept
            end
            """
        try folder.write(script, to: "big.lua")
        try folder.write(Self.config(script: "big.lua", extra: #", "memory": "4MiB""#), to: "c.json")
        let result = try await Program.run(["run", "c.json"], in: folder.url, input: "a\nb\nbig\nc\n")
        #expect(result.status == 0)
        // The worker got a fresh state after the failure.
        #expect(result.output == "1\n2\n1\n")
        #expect(try folder.read("dead.jsonl").contains(#""kind":"memory""#))
    }

    @Test func withoutDeadLettersAFailureStops() async throws {
        let folder = try Folder()
        try folder.write("return function(line) return nil, 'never' end", to: "never.lua")
        try folder.write(Self.config(script: "never.lua", letters: false), to: "c.json")
        let result = try await Program.run(["run", "c.json"], in: folder.url, input: "a\n")
        #expect(result.status == 1)
        #expect(result.errors.contains("work: never"))
    }
}
