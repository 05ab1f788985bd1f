import Foundation

/// A command that runs.
package final class Running: Sendable {
    private let process = Process()
    private let input = Pipe()
    private let output: Collected
    private let errors: Collected
    private let ended = AsyncStream<Void>.makeStream()

    init(_ program: URL, _ arguments: [String], _ folder: URL, _ environment: [String: String]) throws {
        let (out, err) = (Pipe(), Pipe())
        for pipe in [input, out, err] {
            _ = fcntl(pipe.fileHandleForReading.fileDescriptor, F_SETFD, FD_CLOEXEC)
            _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        }
        process.executableURL = program
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

    /// Waits until it has written a text to its standard error.
    ///
    /// - Throws: when it ends without it.
    package func waitForError(_ text: String) async throws { try await errors.wait(for: text) }

    /// Waits until it has written a text to its standard output.
    ///
    /// - Throws: when it ends without it.
    package func waitForOutput(_ text: String) async throws { try await output.wait(for: text) }

    /// The most memory that it has held so far, in bytes, as the system counts it.
    package func peakMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(separator: " ").compactMap { Int($0) }.first ?? 0) << 10
    }

    package func write(_ text: String) { try? input.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }

    package func send(signal number: Int32) { kill(process.processIdentifier, number) }

    /// Closes its input and waits for its end.
    package func end() async -> Program.Result {
        try? input.fileHandleForWriting.close()
        return await wait()
    }

    /// Waits for its end, its input left open.
    package func wait() async -> Program.Result {
        for await _ in ended.stream {}
        let isSignal = process.terminationReason == .uncaughtSignal
        return Program.Result(
            status: isSignal ? -1 : process.terminationStatus,
            signal: isSignal ? process.terminationStatus : nil,
            output: await output.all(),
            errors: await errors.all()
        )
    }
}
