import Foundation
import Testing
import Tidemill

@testable import TidemillConnectors

/// A source of files that goes on where an earlier run ended.
@Suite(.timeLimit(.minutes(10))) struct FileResumeTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func source(_ path: String, _ format: InputFormat = .lines) -> FileSource {
        FileSource(folder.path(path), format: format, checkpoint: folder.path("state"))
    }

    private func append(_ text: String, to name: String) throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path(name)))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
    }

    private func lines(_ range: Range<Int>) -> String { range.map { "line \($0)\n" }.joined() }

    @Test func onlyWhatIsNewIsRead() async throws {
        try folder.write("x", "a\nb\n")
        #expect(try await deliver(source("x")).texts == ["a", "b"])
        let nothing = try await deliver(source("x"))
        #expect(nothing.texts == [] && nothing.logs == [] && nothing.problem == nil)
        try append("c\n", to: "x")
        let third = try await deliver(source("x"))
        #expect(third.texts == ["c"])
        #expect(third.logs == ["info: goes on behind what an earlier run read"])
    }

    @Test func aLastLineWithoutAnEnd() async throws {
        try folder.write("x", "a\nhal")
        #expect(try await deliver(source("x")).texts == ["a", "hal"])
        #expect(try await deliver(source("x")).texts == [])
        try append("\nb\nlas", to: "x")
        #expect(try await deliver(source("x")).texts == ["b", "las"])
        try append("t\r\n", to: "x")
        #expect(try await deliver(source("x")).texts == ["last"])
        try append("\r\n", to: "x")
        #expect(try await deliver(source("x")).texts == [""])
    }

    @Test func aLongLineIsNoPlaceToStop() async throws {
        let long = String(repeating: "x", count: 700_000)
        func source() -> FileSource {
            FileSource(folder.path("x"), limits: InputLimits(line: 1000), checkpoint: folder.path("state"))
        }
        try folder.write("x", "a\n" + long)
        let first = try await deliver(source(), policy: .drop)
        #expect(first.texts == ["a"])
        try append(long + "\nb\n", to: "x")
        let second = try await deliver(source(), policy: .drop)
        #expect(second.texts == ["b"])
    }

    @Test func linesKeepTheirNumbers() async throws {
        try folder.write("x", "1\n2\n{\n4\n")
        func message() async throws -> [String] {
            try await gather(source("x", .jsonLines)).failures.map(\.message)
        }
        #expect(try await message().first?.hasPrefix("\(folder.path("x")):3: ") == true)
        try append("5\n\n[\n", to: "x")
        let failures = try await message()
        #expect(failures.count == 1 && failures[0].hasPrefix("\(folder.path("x")):7: "), "\(failures)")
    }

    @Test func csvKnowsItsHeader() async throws {
        try folder.write("x", "\u{FEFF}name,age\nAnn,1\n\"B\nob\",2\nCy")
        let first = try await gather(source("x", .csv))
        #expect(first.values == [["name": "Ann", "age": "1"], ["name": "B\nob", "age": "2"]])
        #expect(first.failures.count == 1)
        try append(",3\nDi,4\nEd", to: "x")
        let second = try await gather(source("x", .csv))
        #expect(second.values == [["name": "Cy", "age": "3"], ["name": "Di", "age": "4"]])
        #expect(second.failures.map(\.message) == ["\(folder.path("x")):7: a row of 1 fields where 2 are expected"])
        try append(",5", to: "x")
        #expect(try await gather(source("x", .csv)).values == [["name": "Ed", "age": "5"]])
        try append("\nFi,6\n", to: "x")
        #expect(try await gather(source("x", .csv)).values == [["name": "Fi", "age": "6"]])
    }

    @Test func csvWhoseHeaderIsStillWritten() async throws {
        try folder.write("x", "\u{FEFF}name,a")
        #expect(try await gather(source("x", .csv)).values == [])
        try append("ge\nAnn,1\n", to: "x")
        #expect(try await gather(source("x", .csv)).values == [["name": "Ann", "age": "1"]])
    }

    @Test func csvWithoutHeaderKeepsItsWidth() async throws {
        let format = InputFormat.csv(CSVDialect(hasHeader: false))
        try folder.write("x", "1,2\n")
        _ = try await gather(source("x", format))
        try append("3,4,5\n6,7\n", to: "x")
        let found = try await gather(source("x", format))
        #expect(found.values == [["6", "7"]])
        #expect(found.failures.map(\.message) == ["\(folder.path("x")):2: a row of 3 fields where 2 are expected"])
    }

    @Test func wholeFilesComeAgainWhenTheyChange() async throws {
        for name in ["a", "b"] { try folder.write("in/\(name)", name) }
        #expect(try await deliver(source("in/*", .whole)).texts == ["a", "b"])
        #expect(try await deliver(source("in/*", .whole)).texts == [])
        try append("2", to: "in/b")
        try folder.write("in/c", "")
        #expect(try await deliver(source("in/*", .whole)).texts == ["b2", ""])
        #expect(try await deliver(source("in/*", .whole)).texts == [])
    }

    @Test func newMatchesAndGrownFiles() async throws {
        for name in ["a", "b", "c"] { try folder.write("in/\(name).log", "\(name)1\n") }
        #expect(try await deliver(source("in/*.log")).texts == ["a1", "b1", "c1"])
        try append("a2\n", to: "in/a.log")
        try folder.write("in/b2.log", "new\n")
        #expect(try await deliver(source("in/*.log")).texts == ["a2", "new"])
    }

    @Test func rotatedFilesAreFollowed() async throws {
        try folder.write("in/app.log", "1\n2\n")
        #expect(try await deliver(source("in/app.log*")).texts == ["1", "2"])
        try append("3\n", to: "in/app.log")
        try FileManager.default.moveItem(atPath: folder.path("in/app.log"), toPath: folder.path("in/app.log.1"))
        try folder.write("in/app.log", "4\n")
        let after = try await deliver(source("in/app.log*"))
        #expect(after.texts == ["4", "3"])
        #expect(after.logs.first?.hasPrefix("notice: another file has taken the place") == true, "\(after.logs)")
        #expect(try await deliver(source("in/app.log*")).texts == [])
    }

    @Test func rewrittenAndCutFilesBeginAnew() async throws {
        try folder.write("x", "1\n2\n3\n")
        #expect(try await deliver(source("x")).texts.count == 3)
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path("x")))
        try handle.truncate(atOffset: 4)
        let cut = try await deliver(source("x"))
        #expect(cut.texts == ["1", "2"])
        #expect(cut.logs == ["warning: the file is shorter than what was read of it: it is read from its beginning"])
        try handle.seek(toOffset: 0)
        try handle.write(contentsOf: Data("7\n8\n9\n".utf8))
        let rewritten = try await deliver(source("x"))
        #expect(rewritten.texts == ["7", "8", "9"])
        #expect(rewritten.logs == ["warning: the file was rewritten: it is read from its beginning"])
    }

    @Test func rejectedMessagesHoldThePositionBack() async throws {
        try folder.write("x", "1\n2\nbad\n4\n")
        let check: @Sendable (Job) -> JobFailure? = { $0.value.text == "bad" ? JobFailure(.handler, "no") : nil }
        let first = try await deliver(source("x"), check: check, policy: .reject)
        #expect(first.texts == ["1", "2", "4"] && first.failed == 1)
        #expect(first.logs.contains { $0.contains("some messages were not settled") }, "\(first.logs)")
        #expect(try await deliver(source("x"), check: check, policy: .drop).texts == ["1", "2", "4"])
        #expect(try await deliver(source("x")).texts == [])
    }

    @Test(arguments: ["plain", "gzip", "zstd"]) func aBrokenSinkLosesNothing(packing: String) async throws {
        let text = Array(lines(0..<20_000).utf8)
        try folder.write("x", packing == "gzip" ? gzip(text) : packing == "zstd" ? zstd(text) : text)
        var all: [String] = []
        var runs = 0
        while true {
            let run = try await deliver(source("x"), failingWrite: 25)
            all += run.texts
            runs += 1
            if run.problem == nil { break }
        }
        #expect(runs > 2)
        #expect(Set(all) == Set((0..<20_000).map { "line \($0)" }))
        #expect(all.count < 20_000 + runs * 1024, "\(all.count) in \(runs) runs")
    }

    @Test func packedFilesThatGrowOrAreCut() async throws {
        try folder.write("x", gzip(Array(lines(0..<10).utf8)) + gzip(Array("ha".utf8)))
        #expect(try await deliver(source("x")).texts.count == 11)
        #expect(try await deliver(source("x")).texts == [])
        try folder.write(
            "y",
            try Data(contentsOf: URL(fileURLWithPath: folder.path("x"))) + gzip(Array("lf\nb\n".utf8))
        )
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path("x")))
        try handle.write(contentsOf: try Data(contentsOf: URL(fileURLWithPath: folder.path("y"))))
        #expect(try await deliver(source("x")).texts == ["half", "b"])
    }

    @Test func anotherFormatIsRefused() async throws {
        try folder.write("x", "1\n")
        _ = try await deliver(source("x"))
        #expect(try await deliver(source("x", .jsonLines)).problem == nil)
        let problem = try await deliver(source("x", .csv)).problem
        #expect(problem?.contains("in.checkpoint: belongs to another configuration") == true, "\(problem ?? "")")
    }

    @Test func whatIsNoFileHasNoPosition() async throws {
        #expect(mkfifo(folder.path("fifo"), 0o600) == 0)
        let problem = try await deliver(source("fifo")).problem
        #expect(problem?.contains("no regular file, and so there is no position in it") == true)
    }
}
