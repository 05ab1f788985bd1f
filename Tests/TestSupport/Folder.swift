package import Foundation

/// A folder of a test's own, which goes with the test.
package final class Folder: Sendable {
    package let url: URL

    package init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("tidemill-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    package func file(_ name: String) -> URL { url.appendingPathComponent(name) }

    package func write(_ text: String, to name: String) throws { try write(Data(text.utf8), to: name) }

    package func write(_ data: Data, to name: String) throws {
        let folder = file(name).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try data.write(to: file(name))
    }

    package func append(_ text: String, to name: String) throws {
        let handle = try FileHandle(forWritingTo: file(name))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
    }

    package func truncate(_ name: String, to size: UInt64 = 0) throws {
        let handle = try FileHandle(forWritingTo: file(name))
        try handle.truncate(atOffset: size)
        try handle.close()
    }

    package func remove(_ name: String) throws { try FileManager.default.removeItem(at: file(name)) }

    package func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name).path) }

    /// Copies a file or folder of the repository to the same place here.
    package func copyFromRepository(_ name: String) throws {
        try FileManager.default.copyItem(at: Program.repository.appendingPathComponent(name), to: file(name))
    }

    package func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: file(name)), as: UTF8.self)
    }

    package func lines(_ name: String) throws -> [String] {
        try read(name).split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    /// Runs a system's program here, such as gzip.
    package func run(_ program: String, _ arguments: [String]) async throws -> Program.Result {
        let running = try Program.start([program] + arguments, of: URL(fileURLWithPath: "/usr/bin/env"), in: url)
        return await running.end()
    }
}
