import Foundation
import Testing
import Tidemill

@testable import TidemillConnectors

@Suite(.timeLimit(.minutes(10))) struct DirectorySinkTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func job(_ value: Value, _ name: String) -> Job {
        Job(value, metadata: ["name": .string(Bytes(name))])
    }

    private func written(_ jobs: [Job], to sink: DirectorySink) async throws -> [Int: String] {
        try await sink.open()
        let failures = try await sink.write(jobs)
        try await sink.close()
        return failures
    }

    @Test func filesByMetadata() async throws {
        let sink = try DirectorySink(folder.path("out"))
        let failures = try await written(
            [job("A", "a.txt"), job("B", "sub/er/b.txt"), job("A2", "a.txt"), job(["x": 1], "c"), Job("none")],
            to: sink
        )
        #expect(try folder.read("out/a.txt") == "A2")
        #expect(try folder.read("out/sub/er/b.txt") == "B")
        #expect(failures[3] == "a table has no raw bytes (format json can write it)")
        #expect(failures[4] == "the file's name needs \"name\", which the job's metadata lacks")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("out")).sorted() == ["a.txt", "sub"])
    }

    @Test func objects() async throws {
        let sink = try DirectorySink(folder.path("out"))
        let thing = Value.object(ArchivedObject(type: "image", contents: "x"))
        let failures = try await written([job(.object(Blob("B")), "b"), job(thing, "c"), job([thing], "d")], to: sink)
        #expect(try folder.read("out/b") == "B")
        #expect(failures[1] == "a value of the type image has no raw bytes (a script encodes it first)")
        #expect(failures[2] == "an array has no raw bytes (format json can write it)")
        let json = try DirectorySink(folder.path("out"), content: .json)
        let reasons = try await written([job(.object(Blob("B")), "b"), job([thing], "d")], to: json)
        #expect(reasons[0] == "it can't be written as JSON: a value of the type blob has no JSON text")
        #expect(reasons[1] == "it can't be written as JSON: a blob or an image has no JSON text")
    }

    @Test func templates() async throws {
        let sink = try DirectorySink(folder.path("out"), name: "{key}/{n}-{name}.json", content: .json)
        let job = Job(["x": 1], key: "k", metadata: ["name": "a", "n": 7])
        #expect(try await written([job], to: sink) == [:])
        #expect(try folder.read("out/k/7-a.json") == "{\"x\":1}\n")
        for bad in ["{", "}", "{}", "a}b", "{a{b}}"] {
            #expect(throws: FileProblem.self, "\(bad)") { try DirectorySink("x", name: bad) }
        }
    }

    @Test(arguments: [
        "..", "../x", "a/../../x", "a/..", "/etc/x", "//x", "", "a//b", "a/", "./a", "a/.", "a\u{0}b", "link/x", "link",
        "deep/link/x", ".x.tmp-1-2",
    ])
    func namesThatLeadOut(name: String) async throws {
        try folder.write("outside/keep", "kept")
        try folder.write("out/deep/x", "x")
        for link in ["out/link", "out/deep/link"] {
            try FileManager.default.createSymbolicLink(
                atPath: folder.path(link),
                withDestinationPath: folder.path("outside")
            )
        }
        let failures = try await written(
            [job("evil", name), job("good", "good")],
            to: DirectorySink(folder.path("out"))
        )
        // A link itself may be replaced by a file; what it leads to may not.
        #expect(Set(failures.keys) == (name == "link" ? [] : [0]))
        #expect(try folder.read("out/good") == "good")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("outside")) == ["keep"])
        #expect(try folder.names == ["out", "outside"])
        #expect(!FileManager.default.fileExists(atPath: "/etc/x"))
    }

    @Test func longAndOddNames() async throws {
        let long = String(repeating: "n", count: 255)
        let sink = try DirectorySink(folder.path("out"))
        let failures = try await written(
            [job("a", long), job("b", long + "n"), job("c", "ü \n*.txt"), job("d", "...")],
            to: sink
        )
        #expect(failures.keys.sorted() == [1])
        #expect(failures[1]?.hasSuffix("File name too long") == true)
        #expect(try folder.read("out/" + long) == "a")
        #expect(try folder.read("out/ü \n*.txt") == "c")
    }

    @Test func existingFiles() async throws {
        try folder.write("out/a", "old")
        let sink = try DirectorySink(folder.path("out"), replaces: false)
        let failures = try await written([job("new", "a"), job("b", "b")], to: sink)
        #expect(failures == [0: "\(folder.path("out"))/a: is there already (if_exists)"])
        #expect(try folder.read("out/a") == "old")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("out")).sorted() == ["a", "b"])
    }

    @Test func leftoversGoUnlessAnotherSinkIsThere() async throws {
        let other = try DirectorySink(folder.path("out"))
        try await other.open()
        try folder.write("out/.a.tmp-12-3", "half")
        try folder.write("out/sub/.b.tmp-1-1", "half")
        try folder.write("out/.a.tmp-x", "a user's own")
        _ = try await written([], to: DirectorySink(folder.path("out")))
        #expect(folder.exists("out/.a.tmp-12-3"))
        try await other.close()
        _ = try await written([], to: DirectorySink(folder.path("out")))
        #expect(!folder.exists("out/.a.tmp-12-3") && !folder.exists("out/sub/.b.tmp-1-1"))
        #expect(folder.exists("out/.a.tmp-x"))
    }

    /// While a file is replaced again and again, whoever reads it sees one whole content or another.
    @Test func readersSeeWholeFiles() async throws {
        let sink = try DirectorySink(folder.path("out"))
        let contents = (0..<4).map { String(repeating: "\($0)", count: 100_000) }
        _ = try await written([job(.string(Bytes(contents[0])), "a")], to: sink)
        try await sink.open()
        async let reading = (0..<200).map { _ in try folder.read("out/a") }
        for _ in 0..<20 {
            _ = try await sink.write(contents.map { job(.string(Bytes($0)), "a") })
        }
        #expect(try await reading.allSatisfy { contents.contains($0) })
        try await sink.close()
    }

    @Test func pathThatIsAFile() async throws {
        try folder.write("out", "x")
        await #expect(throws: SystemError.self) { try await DirectorySink(folder.path("out")).open() }
    }
}
