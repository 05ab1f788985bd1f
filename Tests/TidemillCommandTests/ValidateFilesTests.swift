import Foundation
import TestSupport
import Testing

/// What `validate` finds out about files before anything runs.
@Suite(.timeLimit(.minutes(10)))
struct ValidateFilesTests {
    private func problems(
        _ folder: Folder,
        sources: [String] = [#""name": "in", "type": "stdin""#],
        sinks: [String],
        letters: String = #"{"type": "drop"}"#
    ) async throws -> [String] {
        try await folder.problems(
            TestPipeline(sources: sources, sinks: sinks, more: [#""dead_letters": "# + letters])
        )
    }

    @Test func twoWritersOfOneFile() async throws {
        let folder = try Folder()
        let sinks = [
            #""name": "one", "type": "file", "path": "out/x""#,
            #""name": "two", "type": "file", "path": "./out/../out/x", "mode": "append", "inputs": ["in"]"#,
        ]
        let expected = #"/sinks/1/path: ./out/../out/x: the sink "one" writes the same file (hint: "#
        for _ in 1...2 {
            let problems = try await problems(folder, sinks: sinks)
            // While the folder isn't there yet, two ways to write it can't be known for the same one.
            if folder.exists("out") {
                #expect(problems.count == 1 && problems[0].contains(expected), "\(problems)")
                #expect(problems.first?.hasPrefix("c.json:5:") == true)
            }
            try folder.write("", to: "out/y")
        }
        let same = [sinks[0], #""name": "two", "type": "file", "path": "out/x", "inputs": ["in"]"#]
        #expect(try await self.problems(try Folder(), sinks: same).count == 1)
    }

    @Test func deadLettersAreASinkToo() async throws {
        let problems = try await problems(
            try Folder(),
            sinks: [#""name": "one", "type": "file", "path": "x""#],
            letters: #"{"type": "file", "path": "x"}"#
        )
        #expect(
            problems.count == 1 && problems[0].contains("/dead_letters/path: x: the sink \"one\" writes"),
            "\(problems)"
        )
    }

    @Test(arguments: [("log.txt", "log.txt"), ("log.txt", "link"), ("*.txt", "log.txt"), ("*.txt", "new.txt")])
    func aWriterOfWhatIsRead(read: String, written: String) async throws {
        let folder = try Folder()
        try folder.write("a\n", to: "log.txt")
        try FileManager.default.createSymbolicLink(atPath: folder.file("link").path, withDestinationPath: "log.txt")
        for mode in ["replace", "append"] {
            let problems = try await problems(
                folder,
                sources: [#""name": "in", "type": "file", "path": ["\#(read)"]"#],
                sinks: [#""name": "out", "type": "file", "path": "\#(written)", "mode": "\#(mode)""#]
            )
            let message =
                "/sinks/0/path: \(written): the source \"in\" reads the same file (hint: write to another file)"
            #expect(problems.count == 1 && problems[0].hasSuffix(message), "\(problems)")
        }
        #expect(try folder.read("log.txt") == "a\n")
    }

    @Test func aSinkThatReplacesBehindASourceThatResumes() async throws {
        let folder = try Folder()
        try folder.write("", to: "x")
        let sources = [
            #""name": "in", "type": "file", "path": "x", "checkpoint": "state""#, #""name": "other", "type": "stdin""#,
        ]
        let sinks = [
            #""name": "one", "type": "file", "path": "out", "inputs": ["in"]"#,
            #""name": "two", "type": "file", "path": "more", "inputs": ["other"]"#,
            #""name": "three", "type": "file", "path": "/dev/null", "inputs": ["in"]"#,
        ]
        let message =
            #"the source "in" goes on where an earlier run ended, and this sink throws away what that run wrote"#
        let found = try await problems(
            folder,
            sources: sources,
            sinks: sinks,
            letters: #"{"type": "file", "path": "dead"}"#
        )
        #expect(found.count == 2, "\(found)")
        #expect(
            found.first?.hasSuffix(#"/sinks/0/path: out: \#(message) (hint: "mode": "append")"#) == true,
            "\(found)"
        )
        #expect(found.last?.contains("/dead_letters/path: dead: \(message)") == true, "\(found)")
        let appending = sinks.map { $0.replacing(#""type": "file""#, with: #""type": "file", "mode": "append""#) }
        #expect(try await problems(folder, sources: sources, sinks: appending) == [])
    }

    @Test func aCheckpointThatIsInTheWay() async throws {
        let folder = try Folder()
        try folder.write("", to: "in/x")
        let problems = try await problems(
            folder,
            sources: [
                #""name": "a", "type": "file", "path": "in/*", "checkpoint": "in/x""#,
                #""name": "b", "type": "directory", "path": "in", "checkpoint": "in""#,
                #""name": "c", "type": "file", "path": "in/*", "checkpoint": "in""#,
                #""name": "d", "type": "file", "path": "in/x", "checkpoint": "in""#,
            ],
            sinks: [#""name": "out", "type": "file", "path": "in/d.checkpoint", "mode": "append""#]
        )
        let pipe = try await self.problems(
            folder,
            sources: [#""name": "a", "type": "file", "path": ["in/x", "/dev/null"], "checkpoint": "state""#],
            sinks: [#""name": "out", "type": "drop""#]
        )
        #expect(pipe.count == 1 && pipe[0].contains("/sources/0/path/1: /dev/null: is no regular file"), "\(pipe)")
        #expect(problems.contains { $0.contains("/sources/0/checkpoint: in/x: is no directory") }, "\(problems)")
        #expect(
            problems.contains { $0.contains("/sources/1/checkpoint: in: the source would read its own checkpoint") }
        )
        #expect(problems.contains { $0.contains(#"in/c.checkpoint: the source "a" reads the same file"#) })
        #expect(problems.contains { $0.contains(#"in/d.checkpoint: the source "d" writes the same file"#) })
    }

    @Test func devicesMayBeShared() async throws {
        let sinks = [
            #""name": "one", "type": "file", "path": "/dev/null""#,
            #""name": "two", "type": "file", "path": "/dev/null", "inputs": ["in"]"#,
        ]
        #expect(try await problems(try Folder(), sinks: sinks) == [])
    }

    @Test func whatIsReadMustBeThere() async throws {
        let folder = try Folder()
        try folder.write("return function(v) return v end", to: "work.lua")
        try folder.write("", to: "here")
        let pipeline = TestPipeline(
            sources: [
                #""name": "a", "type": "file", "path": ["here", "gone.log"]"#,
                #""name": "b", "type": "file", "path": "*.none""#,
                #""name": "c", "type": "file", "path": "/""#,
                #""name": "d", "type": "directory", "path": "nowhere""#,
                #""name": "e", "type": "directory", "path": "here""#,
            ],
            stages: [#""name": "work", "script": "work.lua", "capabilities": {"read": ["here", "data/"]}"#],
            sinks: [#""name": "out", "type": "file", "path": "/tmp""#]
        )
        let problems = try await folder.problems(pipeline)
        let expected = [
            "/sources/0/path/1: gone.log: there is no such file (hint: paths start from the folder of the configuration",
            "/sources/1/path: *.none: no file matches",
            "/sources/2/path: /: is a directory, not a file (a source of type \"directory\" reads its files)",
            "/sources/3/path: nowhere: there is no such directory (hint: paths start from the folder of",
            "/sources/4/path: here: is no directory (hint: a source of type \"file\" reads a file)",
            "/stages/0/capabilities/read/1: data/: no such file or directory (hint: paths start",
            "/sinks/0/path: /tmp: is a directory, not a file (hint: a sink of type \"directory\" writes files into one)",
        ]
        #expect(problems.count == expected.count, "\(problems)")
        for (problem, text) in zip(problems, expected) {
            #expect(problem.contains(text), "\(problem)")
            #expect(problem.hasPrefix("c.json:"))
        }
    }

    /// Root may read everything.
    @Test(.enabled(if: getuid() != 0)) func whatIsReadMustBeReadable() async throws {
        let folder = try Folder()
        try folder.write("a\n", to: "locked")
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: folder.file("locked").path)
        let problems = try await folder.problems(
            TestPipeline(sources: [#""name": "in", "type": "file", "path": "locked""#])
        )
        #expect(problems.count == 1 && problems[0].contains("/sources/0/path: locked: can't read it: "), "\(problems)")
    }

    @Test func aRunIsRefusedTheSameWay() async throws {
        let folder = try Folder()
        let pipeline = TestPipeline(sources: [#""name": "in", "type": "file", "path": "gone""#])
        let result = try await folder.run(pipeline)
        #expect(result.status == 78)
        #expect(result.errors.hasPrefix("c.json:2:"), "\(result.errors)")
        #expect(!folder.exists("dead.jsonl"))
    }

    @Test func unknownTypesAndChannelsThatHoldNothing() async throws {
        let channel = #""channel": {"capacity": 0, "overflow": "drop_oldest"}"#
        let problems = try await (try Folder()).problems(
            TestPipeline(
                sources: [#""name": "in", "type": "stdinn""#],
                sinks: [
                    #""name": "out", "type": "stdout", "# + channel, #""name": "b", "type": "fiel", "inputs": ["in"]"#,
                ]
            )
        )
        #expect(problems.count == 3, "\(problems)")
        #expect(
            problems[0].contains(#"/sources/0/type: unknown type "stdinn" of source (hint: did you mean "stdin"?)"#)
        )
        #expect(problems[1].contains(#"/sinks/0/channel/overflow: "drop_oldest" needs jobs that wait"#), "\(problems)")
        #expect(problems[2].contains(#"did you mean "file"?"#))
    }

    @Test func standardInputAndOutputServeOneNode() async throws {
        let pipeline = TestPipeline(
            sources: [#""name": "a", "type": "stdin""#, #""name": "b", "type": "stdin""#],
            sinks: [
                #""name": "c", "type": "stdout""#, #""name": "d", "type": "stdout", "inputs": ["a"]"#,
                #""name": "e", "type": "directory", "path": "/dev/null", "inputs": ["a"]"#,
            ]
        )
        let problems = try await (try Folder()).problems(pipeline)
        #expect(problems.count == 3, "\(problems)")
        #expect(problems[0].contains(#"/sources/1/type: the source "a" uses standard input already"#), "\(problems)")
        #expect(problems[1].contains(#"/sinks/1/type: the sink "c" uses standard output already"#))
        #expect(problems[2].contains("/sinks/2/path: /dev/null: is no directory (hint: a sink of type"))
    }

    @Test func aSizeThatIsSpeltRightGetsNoSpellingHint() async throws {
        let folder = try Folder()
        let problems = try await folder.problems(.scripted(#""memory": "1KiB""#), script: "return print")
        #expect(
            problems.count == 1 && problems[0].hasSuffix("from 64KiB to 1TiB, found the string \"1KiB\""),
            "\(problems)"
        )
        let other = try await folder.problems(.scripted(#""memory": "1kib""#))
        #expect(other.count == 1 && other[0].hasSuffix("(hint: write \"1KiB\")"), "\(other)")
    }
}
