import Foundation
import TestSupport
import Testing

/// `tidemill queue` as a user runs it.
@Suite(.timeLimit(.minutes(10)))
struct QueueCommandTests {
    private func queue(_ folder: Folder, _ command: String, _ arguments: String..., input: String? = nil) async throws
        -> Program.Result
    {
        try await Program.run(["queue", command, "--path", "q.db"] + arguments, in: folder.url, input: input)
    }

    @Test func help() async throws {
        let result = try await Program.run(["queue", "--help"])
        #expect(result.status == 0)
        for command in ["push", "list", "show", "stats", "retry", "purge"] {
            #expect(result.output.contains("\n  \(command) "))
            let result = try await Program.run(["queue", command, "--help"])
            #expect(result.status == 0 && result.errors.isEmpty)
        }
    }

    @Test(arguments: [
        ["push", "1"], ["retry", "--path", "q.db"], ["retry", "--path", "q.db", "1", "--all"],
        ["purge", "--path", "q.db"], ["purge", "--path", "q.db", "--state", "old"], ["show", "--path", "q.db"],
        ["list", "--path", "q.db", "--limit", "0"], ["push", "--path", "q.db", "--delay", "soon", "1"],
    ])
    func usage(arguments: [String]) async throws {
        let folder = try Folder()
        let result = try await Program.run(["queue"] + arguments, in: folder.url)
        #expect(result.status == 64 && result.output.isEmpty && result.errors.contains("Usage:"), "\(result)")
        #expect(!folder.exists("q.db"))
    }

    @Test func askingMakesNoFile() async throws {
        let folder = try Folder()
        for arguments in [["list"], ["stats"], ["retry", "--all"], ["purge", "--state", "dead"], ["show", "1"]] {
            let all = ["queue", arguments[0], "--path", "q.db"] + arguments.dropFirst()
            let result = try await Program.run(all, in: folder.url)
            #expect(result.status == 1 && result.errors.contains("q.db: No such file"), "\(result)")
        }
        #expect(!folder.exists("q.db"))
    }

    @Test func pushAndLook() async throws {
        let folder = try Folder()
        #expect(try await queue(folder, "push", "{\"a\":1}", "\"\\u001b[31m\"", "--priority", "3").output == "1\n2\n")
        let lines = try await queue(folder, "push", "--format", "text", "--key", "k", input: "one\r\n\n\u{1B}[31mtwo")
        #expect(lines.status == 0 && lines.output == "3\n4\n", "\(lines)")
        #expect(try await queue(folder, "push", "5", "--delay", "1h", "--queue", "other").output == "5\n")

        let list = try await queue(folder, "list")
        let rows = list.output.split(separator: "\n")
        #expect(list.status == 0 && rows.count == 5 && rows[0].hasPrefix("ID   "), "\(list)")
        #expect(rows[1].hasPrefix("1  ") && rows[1].hasSuffix("{\"a\":1}") && rows[3].hasSuffix("  one"))
        #expect(!list.output.contains("\u{1B}") && rows[4].hasSuffix("\\u{1b}[31mtwo"))
        let first = try await queue(folder, "list", "--limit", "1", "--state", "ready")
        #expect(first.output.split(separator: "\n").count == 2)
        #expect(try await queue(folder, "list", "--state", "dead").errors.contains("no such messages"))

        let json = try await queue(folder, "list", "--format", "json")
        let records = try json.output.split(separator: "\n").map { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
        }
        #expect(records.count == 4 && records[0]["body"] as? String == "{\"a\":1}")
        #expect(records.last?["key"] as? String == "k")

        let shown = try await queue(folder, "show", "4", "--queue", "default")
        #expect(shown.output.contains("state     ready") && shown.output.contains("key       k"))
        #expect(!shown.output.contains("\u{1B}"))
        let missing = try await queue(folder, "show", "5")
        #expect(missing.status == 1 && missing.errors.contains("there is no message 5"))

        #expect(try await queue(folder, "stats").output.contains("ready       4\n"))
        let stats = try await queue(folder, "stats", "--queue", "other", "--format", "json")
        #expect(stats.output.contains("\"delayed\":1") && stats.output.contains("\"oldest_ready_s\":null"), "\(stats)")
    }

    @Test func whatIsNoJSONStopsThePush() async throws {
        let folder = try Folder()
        let result = try await queue(folder, "push", input: "1\n2\nthree\n4\n")
        #expect(result.status == 1 && result.output == "1\n2\n", "\(result)")
        #expect(result.errors.contains("line 3: not JSON"))
        #expect(try await queue(folder, "stats").output.contains("ready       2\n"))
    }

    @Test func uniqueMessagesAreThereOnce() async throws {
        let folder = try Folder()
        #expect(try await queue(folder, "push", "1", "--unique", "u").output == "1\n")
        let again = try await queue(folder, "push", "2", "--unique", "u")
        #expect(again.status == 0 && again.output == "1\n" && again.errors.contains("1 message ignored"), "\(again)")
    }

    @Test func deadMessagesAreRetriedAndPurged() async throws {
        let folder = try Folder()
        var pipeline = TestPipeline.scripted(
            #""on_error": "reject""#,
            source: #""type": "queue", "path": "q.db", "stop_when_empty": true, "max_deliveries": 1"#
        )
        pipeline.more = []
        #expect(try await queue(folder, "push", "1", "2", "3").status == 0)
        let run = try await folder.run(pipeline, script: "return function(v) error('no', 0) end", ["-q"])
        #expect(run.status == 75, "the jobs were handed back: \(run.errors)")
        #expect(try await queue(folder, "list", "--state", "dead").output.split(separator: "\n").count == 4)
        #expect(try await queue(folder, "show", "1").output.contains("error     work: no"))

        let retried = try await queue(folder, "retry", "1", "9")
        #expect(retried.status == 1 && retried.errors.contains("1 message ready again"), "\(retried)")
        #expect(retried.errors.contains("there is no dead message 9"))
        #expect(try await queue(folder, "retry", "--all").errors.contains("2 messages ready again"))
        #expect(try await queue(folder, "purge", "--state", "ready").errors.contains("3 messages removed"))
        #expect(try await queue(folder, "stats").output.contains("dead        0\n"))
    }

    @Test func aFileThatIsNoQueueIsRefused() async throws {
        let folder = try Folder()
        try folder.write(String(repeating: "notes ", count: 100), to: "q.db")
        let result = try await queue(folder, "push", "1")
        #expect(result.status == 1 && result.output.isEmpty && result.errors.contains("no SQLite file"), "\(result)")
    }
}
