import Foundation
import Testing
import Tidemill

@testable import TidemillConnectors

@Suite(.timeLimit(.minutes(10))) struct DirectorySourceTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func names(_ gathered: Gathered) -> [String] {
        gathered.jobs.map { $0.metadata["name"]?.text ?? "" }
    }

    @Test func filesByName() async throws {
        try folder.write("in/b.txt", "B")
        try folder.write("in/a.txt", [0, 255])
        try folder.write("in/.hidden", "no")
        try folder.write("in/sub/c.txt", "C")
        try folder.write("in/d.png", "D")
        let found = try await gather(DirectorySource(folder.path("in"), pattern: "*.txt"))
        #expect(found.values == [.string(Bytes([0, 255])), "B"])
        #expect(names(found) == ["a.txt", "b.txt"])
        #expect(found.jobs.first?.metadata["size"] == 2)
        #expect(found.jobs.first?.metadata["path"] == .string(Bytes(folder.path("in/a.txt"))))
        #expect(found.source?.done == 2 && found.source?.total == 2)
        let several = try await gather(DirectorySource(folder.path("in"), pattern: "*.@(txt|png)", content: .blob))
        #expect(names(several) == ["a.txt", "b.txt", "d.png"])
        #expect(several.values.map { ($0.object as? Blob)?.contents } == [Bytes([0, 255]), "B", "D"])
        let all = try await gather(DirectorySource(folder.path("in"), isRecursive: true, content: .path))
        #expect(names(all) == ["a.txt", "b.txt", "d.png", "sub/c.txt"])
        #expect(all.texts.last == folder.path("in/sub/c.txt"))
    }

    @Test func modificationTime() async throws {
        let path = try folder.write("in/a", "x")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1_709_210_096)],
            ofItemAtPath: path
        )
        let found = try await gather(DirectorySource(folder.path("in")))
        #expect(found.jobs.first?.metadata["modified"] == "2024-02-29T12:34:56Z")
    }

    @Test func linksThatLeadOutAreSkipped() async throws {
        try folder.write("secret", "s")
        try folder.write("in/a", "A")
        try folder.write("inside/x", "no")
        let links = [("in/link", "a"), ("in/out", "../secret"), ("in/out2", "../inside/x"), ("in/circle", ".")]
        for (link, target) in links {
            try FileManager.default.createSymbolicLink(atPath: folder.path(link), withDestinationPath: target)
        }
        let found = try await gather(DirectorySource(folder.path("in"), isRecursive: true))
        #expect(names(found) == ["a", "link"])
        #expect(found.texts == ["A", "A"])
    }

    @Test func largeAndLockedFilesFailAlone() async throws {
        try folder.write("in/a", "123")
        try folder.write("in/b", "1234")
        let found = try await gather(DirectorySource(folder.path("in"), limit: 3))
        #expect(found.texts == ["123"])
        let path = folder.path("in/b")
        #expect(
            found.failures == [
                .init(message: "\(path): has more than 3 bytes (max_size)", value: .string(Bytes(path)))
            ]
        )
    }

    @Test func noDirectory() async throws {
        let found = try await gather(DirectorySource(folder.path("none")))
        #expect(found.problem == "in: \(folder.path("none")): can't read the directory: No such file or directory")
    }
}
