import Foundation
import TestSupport
import Testing

/// `tidemill dead-letters` as a user runs it: what it prints, chooses and refuses.
@Suite(.timeLimit(.minutes(10)))
struct DeadLetterCommandTests {
    /// Fails for lines with "bad" in them.
    static let script = """
        return function(line)
          if line:find("bad") then error("no \\27[31m" .. line, 0) end
          return line
        end
        """

    /// A folder with the letters of lines that failed.
    private func folder(_ lines: String...) async throws -> Folder {
        let folder = try Folder()
        let input = lines.map { $0 + "\n" }.joined()
        let result = try await folder.run(.scripted(), script: Self.script, ["-q"], input: input)
        #expect(result.status == 0, "\(result.errors)")
        return folder
    }

    @Test func help() async throws {
        let result = try await Program.run(["dead-letters", "--help"])
        #expect(result.status == 0)
        for command in ["list", "show", "replay", "purge"] { #expect(result.output.contains("\n  \(command) ")) }
        for command in ["list", "show", "replay", "purge"] {
            let result = try await Program.run(["dead-letters", command, "--help"])
            #expect(result.status == 0 && result.errors.isEmpty)
        }
    }

    @Test(arguments: [
        ["purge", "c.json"], ["replay", "c.json"], ["purge", "c.json", "--all", "--stage", "x"], ["show"],
        ["show", "nonsense"], ["list", "c.json", "--id", "nonsense"], ["list", "c.json", "--since", "yesterday"],
        ["list", "c.json", "--limit", "0"], ["list", "c.json", "--format", "xml"],
    ])
    func usage(arguments: [String]) async throws {
        let folder = try await folder("bad")
        let before = try folder.read("dead.jsonl")
        let result = try await Program.run(["dead-letters"] + arguments, in: folder.url)
        #expect(result.status == 64 && result.output.isEmpty && result.errors.contains("Usage:"), "\(result)")
        #expect(try folder.read("dead.jsonl") == before)
    }

    @Test(arguments: [
        ("", "it sets no \"dead_letters\""),
        (#""dead_letters": {"type": "drop"}"#, "those of type \"file\" only"),
        (#""dead_letters": {"type": "file", "path": "d", "format": "lines"}"#, "not in the format \"json_lines\""),
    ])
    func lettersElsewhere(more: String, reason: String) async throws {
        let folder = try Folder()
        var pipeline = TestPipeline()
        pipeline.more = more.isEmpty ? [] : [more]
        try folder.write(pipeline)
        for arguments in [["list"], ["replay", "--all"], ["purge", "--all"]] {
            let result = try await Program.run(
                ["dead-letters", arguments[0], "c.json"] + arguments.dropFirst(),
                in: folder.url
            )
            #expect(result.status == 78 && result.errors.contains(reason), "\(result)")
        }
    }

    @Test func noLetters() async throws {
        let folder = try Folder()
        try folder.write(.scripted(), script: Self.script)
        for arguments in [["list"], ["replay", "--all"], ["purge", "--all"]] {
            let result = try await Program.run(
                ["dead-letters", arguments[0], "c.json"] + arguments.dropFirst(),
                in: folder.url
            )
            #expect(result.status == 0 && result.output.isEmpty, "\(result)")
        }
        #expect(!folder.exists("dead.jsonl"), "asking makes no file")
    }

    @Test func listAndShow() async throws {
        let folder = try await folder("bad 1", "fine", "bad 2")
        let list = try await folder.letters("list")
        #expect(list.status == 0 && list.errors.isEmpty)
        let lines = list.output.split(separator: "\n")
        #expect(lines.count == 3 && lines[0].hasPrefix("ID   "))
        #expect(lines[1].contains("  work  ") && lines[1].hasSuffix(#"no \u{1b}[31mbad 1"#))
        #expect(!list.output.contains("\u{1B}"))

        let ids = try await folder.listed().compactMap { $0["id"] as? String }
        #expect(ids.count == 2)
        let shown = try await folder.letters("show", ids[1], ids[0])
        #expect(shown.status == 0 && !shown.output.contains("\u{1B}"))
        for part in [
            "id        \(ids[0])", "job       in-3", "script    work.lua (sha256 ", "traceback\n", "\"bad 2\"",
        ] {
            #expect(shown.output.contains(part), "\(shown.output)")
        }
        let other = ids[0].dropLast() + (ids[0].hasSuffix("0") ? "1" : "0")
        let missing = try await folder.letters("show", String(other))
        #expect(missing.status == 1 && missing.errors.contains("there is no letter \(other)"))
    }

    @Test func filters() async throws {
        let folder = try await folder("bad 1", "bad 2", "bad 3")
        let id = try #require(await folder.listed().last?["id"] as? String)
        #expect(try await folder.listedValues("--match", "bad 2") == ["bad 2"])
        #expect(try await folder.listedValues("--stage", "work", "--limit", "2") == ["bad 1", "bad 2"])
        #expect(try await folder.listedValues("--stage", "other") == [])
        #expect(try await folder.listedValues("--kind", "handler", "--kind", "x").count == 3)
        #expect(try await folder.listedValues("--id", id) == ["bad 3"])
        #expect(try await folder.listedValues("--since", "2h").count == 3)
        #expect(try await folder.listedValues("--until", "2h") == [])
        #expect(try await folder.listedValues("--since", "2020-01-01", "--until", "2020-01-02T00:00:00Z") == [])
    }

    @Test func purge() async throws {
        let folder = try await folder("bad 1", "bad 2", "bad 3")
        let dry = try await folder.letters("purge", "--match", "bad 2", "--dry-run")
        #expect(
            dry.status == 0 && dry.output.contains("bad 2") && dry.errors.contains("1 dead letter would be removed")
        )
        #expect(try folder.letters().count == 3)
        let purge = try await folder.letters("purge", "--match", "bad 2")
        #expect(purge.status == 0 && purge.errors == "tidemill: 1 dead letter removed\n")
        #expect(try folder.letters().map(\.value) == ["bad 1", "bad 3"])
        _ = try await folder.letters("purge", "--limit", "1")
        #expect(try folder.letters().map(\.value) == ["bad 3"])
        _ = try await folder.letters("purge", "--all")
        #expect(try folder.read("dead.jsonl") == "" && !folder.exists("dead.jsonl.new"))
    }

    @Test func damagedLinesAreReportedAndKept() async throws {
        let folder = try await folder("bad 1", "bad 2")
        try folder.write("{damaged\n" + folder.read("dead.jsonl"), to: "dead.jsonl")
        for arguments in [["list"], ["replay", "--match", "bad 1"], ["purge", "--all"]] {
            let result = try await Program.run(
                ["dead-letters", arguments[0], "c.json"] + arguments.dropFirst(),
                in: folder.url
            )
            #expect(result.status == 0)
            #expect(
                result.errors.contains("dead.jsonl:1: this line is kept, but is no dead letter"),
                "\(result.errors)"
            )
        }
        #expect(try folder.read("dead.jsonl") == "{damaged\n")
    }

    /// While a pipeline runs, its letters are its own: they can be looked at and nothing more.
    @Test func aRunningPipeline() async throws {
        let folder = try await folder("bad 1")
        let running = try folder.start(.scripted(), script: Self.script)
        running.write("fine\n")
        try await running.waitForOutput("fine")
        #expect(try await folder.listedValues() == ["bad 1"])
        for command in ["purge", "replay"] {
            let refused = try await folder.letters(command, "--all")
            #expect(refused.status == 75 && refused.errors.contains("try again when that has ended, or stop it"))
        }
        running.write("bad 2\n")
        #expect(await running.end().status == 0)
        #expect(try folder.letters().map(\.value) == ["bad 1", "bad 2"])
        #expect(try await folder.letters("purge", "--match", "bad 1").status == 0)
        #expect(try folder.letters().map(\.value) == ["bad 2"])
    }

    /// A pipeline that starts while letters are removed either has the file or says that it can't; no letter gets lost.
    @Test func runsAndPurgesAtOnce() async throws {
        let folder = try await folder("bad 0")
        var expected = ["bad 0"]
        for round in 1...12 {
            async let purge = folder.letters("purge", "--match", "none such")
            async let run = Program.run(["run", "c.json", "-q"], in: folder.url, input: "bad \(round)\n")
            let (purged, ran) = try await (purge, run)
            #expect(purged.status == 0 || purged.status == 75, "\(purged.errors)")
            if ran.status == 0 {
                expected.append("bad \(round)")
            } else {
                #expect(ran.errors.contains("another sink or process is writing it"))
            }
            // With every other round a letter goes, so that the file is replaced by another one.
            if round.isMultiple(of: 2) {
                #expect(try await folder.letters("purge", "--limit", "1").status == 0)
                expected.removeFirst()
            }
            #expect(try await folder.listedValues() == expected)
        }
    }

    @Test func replaceIsRefused() async throws {
        let folder = try Folder()
        var pipeline = TestPipeline.scripted()
        pipeline.more = [#""dead_letters": {"type": "file", "path": "dead.jsonl", "mode": "replace"}"#]
        let problems = try await folder.problems(pipeline, script: Self.script)
        #expect(problems.count == 1 && problems[0].contains("/dead_letters/mode"))
    }
}
