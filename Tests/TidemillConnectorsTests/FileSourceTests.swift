import Foundation
import Testing
import Tidemill

@testable import TidemillConnectors

@Suite(.timeLimit(.minutes(10))) struct FileSourceTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func linesOfSeveralFiles() async throws {
        try folder.write("b.log", "b1\r\nb2")
        try folder.write("a.log", "a1\n\n")
        try folder.write("empty.log", "")
        let found = try await gather(
            FileSource([folder.path("b.log"), folder.path("empty.log"), folder.path("a.log")])
        )
        #expect(found.texts == ["b1", "b2", "a1", ""])
        #expect(found.isBalanced && found.error == nil)
        #expect(found.source?.done == 10 && found.source?.total == 10)
        #expect(found.jobs.allSatisfy { $0.metadata == .null })
    }

    @Test func globsAreSortedAndMustMatch() async throws {
        for name in ["2.log", "10.log", "1.log", "other.txt"] { try folder.write(name, "\(name)\n") }
        try folder.write("sub.log/x", "no file")
        #expect(try await gather(FileSource(folder.path("*.log"))).texts == ["1.log", "10.log", "2.log"])
        let none = try await gather(FileSource([folder.path("1.log"), folder.path("*.gz")]))
        #expect(none.problem == "in: \(folder.path("*.gz")): no file matches")
        #expect(none.jobs.isEmpty)
        try folder.write("[1].log", "brackets\n")
        #expect(try await gather(FileSource(folder.path("[1].log"))).texts == ["brackets"])
    }

    @Test func namedFilesMustBeThere() async throws {
        try folder.write("a.log", "a\n")
        let missing = try await gather(FileSource([folder.path("a.log"), folder.path("b.log")]))
        #expect(missing.problem == "in: \(folder.path("b.log")): can't look at it: No such file or directory")
        #expect(missing.jobs.isEmpty)
        let directory = try await gather(FileSource(folder.path))
        #expect(directory.problem?.contains("is a directory, not a file") == true)
    }

    @Test func aMatchThatVanishesFailsAlone() async throws {
        // A link that leads nowhere is listed by the glob and can't be opened, as a file that was just removed.
        try folder.write("a.log", "a\n")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("b.log"),
            withDestinationPath: folder.path("gone")
        )
        try folder.write("c.log", "c\n")
        let found = try await gather(FileSource(folder.path("*.log")))
        #expect(found.texts == ["a", "c"])
        let message = "\(folder.path("b.log")): can't open it: No such file or directory"
        #expect(found.failures == [.init(message: message, value: .string(Bytes(folder.path("b.log"))))])
        #expect(found.error == nil)
    }

    @Test func bytesPassUnchanged() async throws {
        let bytes: [UInt8] = [0, 0xFF, 0xFE, 0x41, 0x0A, 0xC3, 0x28]
        try folder.write("x", bytes)
        let found = try await gather(FileSource(folder.path("x")))
        #expect(found.values == [.string(Bytes([0, 0xFF, 0xFE, 0x41])), .string(Bytes([0xC3, 0x28]))])
    }

    @Test(arguments: ["plain", "gzip", "zstd"])
    func manyLines(packing: String) async throws {
        let lines = (0..<20_000).map { "line \($0)" }
        let text = Array(lines.map { $0 + "\n" }.joined().utf8)
        try folder.write("x", packing == "gzip" ? gzip(text) : packing == "zstd" ? zstd(text) : text)
        let found = try await gather(FileSource(folder.path("x")))
        #expect(found.texts == lines)
        #expect(found.source?.done == found.source?.total)
    }

    @Test func cutGzipFailsTheRunAfterWhatWasGood() async throws {
        let text = Array((0..<100_000).map { "line \($0)\n" }.joined().utf8)
        try folder.write("x", gzip(text).dropLast(1000))
        let found = try await gather(FileSource(folder.path("x")))
        #expect(found.problem == "in: \(folder.path("x")): the gzip data ends too early")
        #expect(found.jobs.count > 50_000)
        #expect(found.texts.enumerated().allSatisfy { $1 == "line \($0)" })
        #expect(found.isBalanced)
    }

    @Test func longLinesFailAlone() async throws {
        try folder.write("x", "a\n" + String(repeating: "x", count: 5000) + "\nb\n")
        let found = try await gather(FileSource(folder.path("x"), limits: InputLimits(line: 2000)))
        #expect(found.texts == ["a", "b"])
        let message = "\(folder.path("x")):2: a line of more than 2000 bytes (max_line); its first 1024 are kept"
        let value = Value.string(Bytes(String(repeating: "x", count: 1024)))
        #expect(found.failures == [.init(message: message, value: value)])
        #expect(found.letters.first?["job"]?["metadata"]?["line"] == .integer(2))
    }

    @Test func jsonLines() async throws {
        try folder.write("x", "\u{FEFF}{\"a\":1}\r\n\n  \n7\n{bad\n[1.5,null]")
        let found = try await gather(FileSource(folder.path("x"), format: .jsonLines))
        #expect(found.values == [["a": 1], 7, [1.5, .null]])
        #expect(found.failures.count == 1)
        #expect(found.failures.first?.message.hasPrefix("\(folder.path("x")):5: ") == true)
        #expect(found.failures.first?.value == "{bad")
    }

    @Test func csv() async throws {
        try folder.write("x", "\u{FEFF}name,\"the \"\"age\"\"\"\nAnn,1\n\n\"B\nob\",\"\"\nshort\na,b,c\nlast,2")
        let found = try await gather(FileSource(folder.path("x"), format: .csv))
        #expect(
            found.values == [
                ["name": "Ann", "the \"age\"": "1"], ["name": "B\nob", "the \"age\"": ""],
                ["name": "last", "the \"age\"": "2"],
            ]
        )
        #expect(
            found.failures == [
                .init(message: "\(folder.path("x")):6: a row of 1 fields where 2 are expected", value: "short\n"),
                .init(message: "\(folder.path("x")):7: a row of 3 fields where 2 are expected", value: "a,b,c\n"),
            ]
        )
    }

    @Test func csvWithoutHeader() async throws {
        try folder.write("x", "1;2\n3;4\n5\n")
        let dialect = CSVDialect(hasHeader: false, delimiter: UInt8(ascii: ";"))
        let found = try await gather(FileSource(folder.path("x"), format: .csv(dialect)))
        #expect(found.values == [["1", "2"], ["3", "4"]])
        #expect(found.failures.map(\.message) == ["\(folder.path("x")):3: a row of 1 fields where 2 are expected"])
    }

    @Test func csvHeaderProblems() async throws {
        try folder.write("x", "a,a\n1,2\n")
        let found = try await gather(FileSource(folder.path("x"), format: .csv))
        #expect(found.problem == "in: \(folder.path("x")):1: the header has the column \"a\" twice")
        try folder.write("empty", "")
        #expect(try await gather(FileSource(folder.path("empty"), format: .csv)).error == nil)
    }

    @Test func wholeFiles() async throws {
        let bytes = [UInt8]((0...255)) + [10, 13, 10]
        try folder.write("a.bin", bytes)
        try folder.write("b.bin", [UInt8](repeating: 1, count: 3000))
        let source = FileSource(folder.path("*.bin"), format: .whole, limits: InputLimits(whole: 2000))
        let found = try await gather(source)
        #expect(found.values == [.string(Bytes(bytes))])
        #expect(found.jobs.first?.metadata == ["path": .string(Bytes(folder.path("a.bin"))), "name": "a.bin"])
        #expect(
            found.failures.map(\.message) == [
                "\(folder.path("b.bin")): more than 2000 bytes (max_size); the first 1024 are kept"
            ]
        )
    }

    @Test func drainStopsTheReading() async throws {
        let text = (0..<500_000).map { "line \($0)\n" }.joined()
        try folder.write("x", text)
        let found = try await gather(FileSource(folder.path("x"))) { _, pipeline in pipeline?.drain() }
        #expect(found.error == nil && found.isBalanced)
        #expect(found.jobs.count < 500_000 && !found.jobs.isEmpty)
        #expect(found.texts.enumerated().allSatisfy { $1 == "line \($0)" })
    }

    @Test func aFIFOThatNobodyWritesCanBeDrained() async throws {
        #expect(mkfifo(folder.path("fifo"), 0o600) == 0)
        try folder.write("a.log", "a\n")
        let source = FileSource([folder.path("a.log"), folder.path("fifo")])
        let found = try await gather(source) { _, pipeline in pipeline?.drain() }
        #expect(found.texts == ["a"])
        #expect(found.error == nil)
    }
}
