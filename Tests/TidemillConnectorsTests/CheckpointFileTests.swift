import Foundation
import Testing
import TidemillValue

@testable import TidemillConnectors

@Suite(.timeLimit(.minutes(10))) struct CheckpointFileTests {
    let folder: TemporaryFolder
    private let path: String
    private let identity: Value = ["source": "test"]

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path("state/in.checkpoint")
    }

    private func open() throws -> (file: CheckpointFile, content: CheckpointFile.Content) {
        try CheckpointFile.open(path, of: identity)
    }

    private func record(_ number: Int) -> Value { ["n": .integer(Int64(number)), "path": "a b\n\"c\"/é.log"] }

    private func problem() -> String? {
        do {
            _ = try open()
            return nil
        } catch {
            return String(describing: error)
        }
    }

    /// A journal of three records, as bytes.
    private func journal() throws -> [UInt8] {
        var (file, _) = try open()
        try file.append([record(1), record(2)])
        try file.append([record(3)])
        return try bytes()
    }

    private func bytes() throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

    @Test func recordsComeBackInOrder() throws {
        _ = try journal()
        var (file, content) = try open()
        #expect(content.records == [record(1), record(2), record(3)])
        #expect(content.cut == 0)
        try file.append([record(4)])
        try file.rewrite([record(5)])
        try file.append([record(6)])
        try file.synchronize()
        #expect(throws: FileProblem.self) { _ = try open() }
        #expect(try folder.names == ["state"])
    }

    @Test func rewritingLeavesOneFile() throws {
        do {
            var (file, _) = try open()
            try file.append((0..<100).map(record))
            try file.rewrite([record(7)])
            try file.append([record(8)])
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("state")) == ["in.checkpoint"])
        #expect(try open().content.records == [record(7), record(8)])
    }

    @Test func tornWritesAtEveryByte() throws {
        let whole = try journal()
        let ends = whole.indices.filter { whole[$0] == 0x0A }.map { $0 + 1 }
        for count in 0...whole.count {
            try folder.write("state/in.checkpoint", whole.prefix(count))
            let complete = ends.count { $0 <= count }
            if count > 0, complete == 0 {
                // The header is written beside the place and renamed, so that no crash leaves it so.
                #expect(problem()?.contains("is damaged, and nothing in it can be trusted; delete it") == true)
                continue
            }
            do {
                var (file, content) = try open()
                #expect(content.records == (1...3).prefix(max(0, complete - 1)).map(record))
                #expect(content.cut == count - (ends.last { $0 <= count } ?? 0))
                try file.append([record(9)])
            }
            #expect(try open().content.records.last == record(9))
            #expect(try open().content.cut == 0)
        }
    }

    /// Whatever byte is damaged, what is believed is what was written, and no more than that.
    @Test func damageAtEveryByte() throws {
        let whole = try journal()
        let header = try #require(whole.firstIndex(of: 0x0A))
        let first = try #require(whole[(header + 1)...].firstIndex(of: 0x0A))
        for index in whole.indices {
            var damaged = whole
            damaged[index] ^= 0x15
            try folder.write("state/in.checkpoint", damaged)
            if index <= first {
                #expect(problem()?.contains("damaged") == true, "byte \(index)")
            } else {
                let content = try open().content
                #expect([[record(1)], [record(1), record(2)]].contains(content.records), "byte \(index)")
                #expect(content.cut > 0)
            }
        }
    }

    @Test func anotherVersionIsRefused() throws {
        let line = try CheckpointLine.text(of: ["checkpoint": 2, "of": identity])
        try folder.write("state/in.checkpoint", line)
        #expect(problem()?.contains("a checkpoint of version 2, and this program knows 1") == true)
        try folder.write("state/in.checkpoint", try CheckpointLine.text(of: ["n": 1]))
        #expect(problem()?.contains("damaged") == true)
        try folder.write("state/in.checkpoint", "anything else\n")
        #expect(problem()?.contains("damaged") == true)
    }

    @Test func anotherConfigurationIsRefused() throws {
        _ = try journal()
        #expect(throws: FileProblem.self) { _ = try CheckpointFile.open(path, of: ["source": "other"]) }
        #expect(try open().content.records.count == 3)
    }

    @Test func oneRunAtATime() throws {
        var (file, _) = try open()
        #expect(problem() == "\(path): another run is using this checkpoint")
        try file.rewrite([record(1)])
        #expect(problem() == "\(path): another run is using this checkpoint")
        withExtendedLifetime(file) {}
    }

    @Test func anEmptyFileIsANewOne() throws {
        try folder.write("state/in.checkpoint", "")
        #expect(try open().content.records.isEmpty)
        #expect(try bytes().count > 20)
    }

    @Test func whatCannotBeAFile() throws {
        try folder.write("state", "no folder")
        #expect(problem()?.hasSuffix("Not a directory") == true)
    }
}
