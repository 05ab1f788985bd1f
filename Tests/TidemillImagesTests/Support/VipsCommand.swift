import Foundation
import TidemillValue

@testable import TidemillImages

/// The command line of libvips, whose results ours have to equal.
enum VipsCommand {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// A folder of this run's own, which its end removes.
    static let folder: URL = {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tidemill-images-\(getpid())")
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(at: VipsCommand.folder) }
        return folder
    }()

    private static let counter = Counter()

    /// A file that isn't there yet.
    static func file(_ suffix: String) -> String { folder.appending(path: "\(counter.next())\(suffix)").path }

    /// Runs one operation.
    @discardableResult
    static func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["vips"] + arguments
        // What it prints goes to a file: a pipe would have to be read while it runs.
        let output = file(".txt")
        try Data().write(to: URL(filePath: output))
        let handle = try FileHandle(forWritingTo: URL(filePath: output))
        process.standardOutput = handle
        process.standardError = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let text = try String(contentsOf: URL(filePath: output), encoding: .utf8)
        guard process.terminationStatus == 0 else {
            throw Failure(description: "vips \(arguments.joined(separator: " ")): \(text)")
        }
        return text
    }

    /// The file of an operation's result, given what comes before and after its name on the command line.
    static func result(_ operation: String, _ inputs: [String], _ more: [String] = []) throws -> String {
        let output = file(".v")
        try run([operation] + inputs + [output] + more)
        return output
    }

    /// The samples of a file in libvips' own format: 64 bytes of header, and then row by row.
    static func samples(_ file: String, count: Int) throws -> Bytes {
        let data = try Data(contentsOf: URL(filePath: file), options: .alwaysMapped)
        guard data.count >= 64 + count else {
            throw Failure(description: "\(file) has \(data.count) bytes, not 64 + \(count)")
        }
        return data.withUnsafeBytes { Bytes(copying: UnsafeRawBufferPointer(rebasing: $0[64..<64 + count])) }
    }

    /// Width, height, bands and the sample type of such a file.
    static func header(_ file: String) throws -> [Int] {
        let data = try Data(contentsOf: URL(filePath: file), options: .alwaysMapped)
        return data.withUnsafeBytes { bytes in
            [4, 8, 12, 20].map { Int(bytes.loadUnaligned(fromByteOffset: $0, as: Int32.self)) }
        }
    }
}

private final class Counter: @unchecked Sendable {
    // Guarded by the lock.
    private var value = 0
    private let lock = NSLock()

    func next() -> Int {
        lock.withLock {
            value += 1
            return value
        }
    }
}
