import Foundation
import Testing

/// Pipelines as the built command runs them.
@Suite(.timeLimit(.minutes(2)))
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
                at: Tidemill.repository.appendingPathComponent(name),
                to: folder.url.appendingPathComponent(name)
            )
        }
        let result = try await Tidemill.run(["run"], in: folder.url)
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
        let result = try await Tidemill.run(["run", "c.json"], in: folder.url, input: text)
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
        let result = try await Tidemill.run(["run", "c.json"], in: folder.url, input: "a\nbad\nb\n")
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
        let result = try await Tidemill.run(["run", "c.json"], in: folder.url, input: "a\nb\nbig\nc\n")
        #expect(result.status == 0)
        // The worker got a fresh state after the failure.
        #expect(result.output == "1\n2\n1\n")
        #expect(try folder.read("dead.jsonl").contains(#""kind":"memory""#))
    }

    @Test func withoutDeadLettersAFailureStops() async throws {
        let folder = try Folder()
        try folder.write("return function(line) return nil, 'never' end", to: "never.lua")
        try folder.write(Self.config(script: "never.lua", letters: false), to: "c.json")
        let result = try await Tidemill.run(["run", "c.json"], in: folder.url, input: "a\n")
        #expect(result.status == 1)
        #expect(result.errors.contains("work: never"))
    }

    @Test func aSignalDrains() async throws {
        let folder = try Folder()
        try folder.write("return function(line, ctx) return line end", to: "same.lua")
        let sink = #"{"name": "out", "type": "file", "path": "out.jsonl"}"#
        try folder.write(Self.config(script: "same.lua", sink: sink), to: "c.json")
        let running = try Tidemill.start(["run", "c.json"], in: folder.url)
        running.write("one\ntwo\n")
        try await folder.wait(for: "out.jsonl", toHold: 2)
        running.send(signal: SIGTERM)
        let result = await running.wait()
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.contains("books: taken 2 + emitted 0 = delivered 2"), "\(result.errors)")
    }

    @Test func aSecondSignalStopsABusyScript() async throws {
        let folder = try Folder()
        let script = """
            return function(line, ctx)
              ctx.log.info("looping")
              while true do pcall(function() local x = 1 end) end
            end
            """
        try folder.write(script, to: "busy.lua")
        let sink = #"{"name": "out", "type": "file", "path": "out.jsonl"}"#
        try folder.write(Self.config(script: "busy.lua", sink: sink), to: "c.json")
        let running = try Tidemill.start(["run", "c.json"], in: folder.url)
        running.write("loop\n")
        try await running.waitForError("looping")
        running.send(signal: SIGINT)
        try await running.waitForError("draining")
        running.send(signal: SIGINT)
        let result = await running.wait()
        #expect(result.status == 130, "\(result.errors)")
        #expect(result.errors.contains("books: taken 1 + emitted 0 = cancelled 1"), "\(result.errors)")
        #expect(!result.errors.contains("can't be interrupted"))
    }

    @Test func aClosedOutputEndsTheRun() async throws {
        let folder = try Folder()
        try folder.write("return function(line) return line end", to: "same.lua")
        let config = Self.config(script: "same.lua").replacing(
            #""type": "stdin""#,
            with: #""type": "generate", "template": "x{{index}}""#
        )
        try folder.write(config, to: "c.json")
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/bash")
        shell.arguments = ["-c", #""$0" run --quiet c.json | head -n 1; exit ${PIPESTATUS[0]}"#, Tidemill.binary.path]
        shell.currentDirectoryURL = folder.url
        shell.standardOutput = FileHandle.nullDevice
        shell.standardError = FileHandle.nullDevice
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 75)
    }

    @Test func aFullDiskStopsTheRun() async throws {
        let folder = try Folder()
        try folder.write("return function(line) return line end", to: "same.lua")
        let sink = #"{"name": "out", "type": "file", "path": "/dev/full", "mode": "append"}"#
        try folder.write(Self.config(script: "same.lua", sink: sink), to: "c.json")
        let result = try await Tidemill.run(["run", "c.json"], in: folder.url, input: "a\n")
        #expect(result.status == 1)
        #expect(result.errors.lowercased().contains("/dev/full"), "\(result.errors)")
        #expect(result.errors.contains("rejected 1"), "\(result.errors)")
    }
}

extension Folder {
    /// Waits until a file holds that many lines; the suite's time limit ends a wait in vain.
    func wait(for name: String, toHold count: Int) async throws {
        while ((try? lines(name)) ?? []).count < count { await Task.yield() }
    }
}
