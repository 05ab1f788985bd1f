import Foundation
import Synchronization

/// The built command, run as a user runs it.
enum Tidemill {
    struct Result {
        let status: Int32
        /// The signal that ended it, if one did.
        let signal: Int32?
        let output: String
        let errors: String
    }

    /// The binary that was built with these tests: it lies beside their own.
    static let binary: URL = {
        var folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        if !FileManager.default.isExecutableFile(atPath: folder.appendingPathComponent("tidemill").path) {
            folder = repository.appendingPathComponent(".build/debug")
        }
        return folder.appendingPathComponent("tidemill")
    }()

    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Runs it to its end.
    static func run(
        _ arguments: [String],
        in folder: URL = repository,
        input: String? = nil,
        environment: [String: String] = [:]
    ) async throws -> Result {
        let running = try start(arguments, in: folder, environment: environment)
        if let input { running.write(input) }
        return await running.end()
    }

    /// Starts it.
    static func start(
        _ arguments: [String],
        in folder: URL = repository,
        environment: [String: String] = [:]
    ) throws -> Running {
        // One at a time: a pipe that another command inherits by accident would never be at its end.
        try spawning.withLock { _ in try Running(arguments, folder, environment) }
    }

    private static let spawning = Mutex<Void>(())
}

/// A command that runs.
final class Running: Sendable {
    private let process = Process()
    private let input = Pipe()
    private let output: Collected
    private let errors: Collected
    private let ended = AsyncStream<Void>.makeStream()

    fileprivate init(_ arguments: [String], _ folder: URL, _ environment: [String: String]) throws {
        let (out, err) = (Pipe(), Pipe())
        for pipe in [input, out, err] {
            _ = fcntl(pipe.fileHandleForReading.fileDescriptor, F_SETFD, FD_CLOEXEC)
            _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        }
        process.executableURL = Tidemill.binary
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = input
        process.standardOutput = out
        process.standardError = err
        let finish = ended.continuation
        process.terminationHandler = { _ in finish.finish() }
        output = Collected(out)
        errors = Collected(err)
        try process.run()
    }

    /// Waits until it has written a text to its standard error; the suite's time limit ends a wait in vain.
    func waitForError(_ text: String) async throws {
        while !errors.soFar.contains(text) { await Task.yield() }
    }

    var number: Int32 { process.processIdentifier }

    func write(_ text: String) { try? input.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }

    func send(signal number: Int32) { kill(process.processIdentifier, number) }

    /// Closes its input and waits for its end.
    func end() async -> Tidemill.Result {
        try? input.fileHandleForWriting.close()
        return await wait()
    }

    /// Waits for its end, its input left open.
    func wait() async -> Tidemill.Result {
        for await _ in ended.stream {}
        let isSignal = process.terminationReason == .uncaughtSignal
        return Tidemill.Result(
            status: isSignal ? -1 : process.terminationStatus,
            signal: isSignal ? process.terminationStatus : nil,
            output: await output.all(),
            errors: await errors.all()
        )
    }
}

/// What a command writes to one of its outputs, as it comes.
private final class Collected: Sendable {
    private let data = Mutex(Data())
    private let ended = AsyncStream<Void>.makeStream()

    /// Reads on a thread of its own; a handler on the file would be called from several threads at once.
    init(_ pipe: Pipe) {
        let handle = pipe.fileHandleForReading
        Thread.detachNewThread { [self] in
            while true {
                let piece = handle.availableData
                if piece.isEmpty { break }
                data.withLock { $0.append(piece) }
            }
            ended.continuation.finish()
        }
    }

    var soFar: String { data.withLock { String(decoding: $0, as: UTF8.self) } }

    func all() async -> String {
        for await _ in ended.stream {}
        return soFar
    }
}

/// A folder of a test's own, which goes with the test.
final class Folder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("tidemill-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func write(_ text: String, to name: String) throws {
        let file = url.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: url.appendingPathComponent(name)), as: UTF8.self)
    }

    func lines(_ name: String) throws -> [String] {
        try read(name).split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }
}
