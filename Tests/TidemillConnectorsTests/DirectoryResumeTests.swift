import Foundation
import Testing
import Tidemill

@testable import TidemillConnectors

/// A source of a directory that leaves out what earlier runs settled.
@Suite(.timeLimit(.minutes(10))) struct DirectoryResumeTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func source(limit: Int = 1 << 20) -> DirectorySource {
        DirectorySource(
            folder.path("in"),
            isRecursive: true,
            limit: limit,
            checkpoint: folder.path("state")
        )
    }

    @Test func newAndChangedFilesAreRead() async throws {
        for name in ["a", "b", "sub/c"] { try folder.write("in/\(name)", name) }
        #expect(try await deliver(source()).texts == ["a", "b", "sub/c"])
        #expect(try await deliver(source()).texts == [])
        try folder.write("in/b", "changed")
        try folder.write("in/d", "d")
        #expect(try await deliver(source()).texts == ["changed", "d"])
        let old = try FileManager.default.attributesOfItem(atPath: folder.path("in/d"))[.modificationDate] as? Date
        let new = try #require(old).addingTimeInterval(1)
        try FileManager.default.setAttributes([.modificationDate: new], ofItemAtPath: folder.path("in/d"))
        #expect(try await deliver(source()).texts == ["d"])
    }

    @Test func onlySettledFilesAreDone() async throws {
        for name in ["a", "b", "c"] { try folder.write("in/\(name)", name) }
        let check: @Sendable (Job) -> JobFailure? = { $0.value == "b" ? JobFailure(.handler, "no") : nil }
        let first = try await deliver(source(), check: check, policy: .reject)
        #expect(first.texts == ["a", "c"])
        #expect(first.logs.contains { $0.contains("some files were not settled") })
        #expect(try await deliver(source()).texts == ["b"])
        #expect(try await deliver(source()).texts == [])
    }

    @Test func aFileThatFailedAndWasDroppedIsDone() async throws {
        try folder.write("in/a", "12345")
        #expect(try await gather(source(limit: 3)).failures.count == 1)
        #expect(try await gather(source(limit: 3)).failures.isEmpty)
    }

    @Test func aBrokenSinkLosesNothing() async throws {
        for index in 0..<200 { try folder.write("in/\(1000 + index)", "\(index)") }
        var all: [String] = []
        for _ in 0..<300 {
            let run = try await deliver(source(), failingWrite: 3)
            all += run.texts
            if run.problem == nil { break }
        }
        #expect(Set(all).count == 200)
        // What the sink took is settled, and nothing is read twice.
        #expect(all.count == 200)
    }

    @Test func filesThatAreGoneAreForgotten() async throws {
        for index in 0..<200 { try folder.write("in/\(1000 + index)", "\(index)") }
        _ = try await deliver(source())
        for index in 0..<190 { try FileManager.default.removeItem(atPath: folder.path("in/\(1000 + index)")) }
        #expect(try await deliver(source()).texts == [])
        #expect(try folder.read("state/in.checkpoint").split(separator: "\n").count == 11)
        #expect(try await deliver(source()).texts == [])
    }

    @Test func anotherDirectoryIsRefused() async throws {
        try folder.write("in/a", "a")
        try folder.write("other/a", "a")
        _ = try await deliver(source())
        let problem = try await deliver(DirectorySource(folder.path("other"), checkpoint: folder.path("state"))).problem
        #expect(problem?.contains("belongs to another configuration") == true, "\(problem ?? "")")
    }
}
