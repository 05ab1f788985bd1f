package import Foundation
import Synchronization

/// The built command, run as a user runs it.
package enum Program {
    package struct Result {
        package let status: Int32
        /// The signal that ended it, if one did.
        package let signal: Int32?
        package let output: String
        package let errors: String

        /// Whether it ended as one does that is asked to stop: in order, or at once where it was only being started.
        package var hasStopped: Bool { status == 0 || signal == SIGTERM }

        /// The books of its summary, as in "taken 1 + emitted 0 = delivered 1".
        package var books: String? {
            errors.split(separator: "\n").last { $0.hasPrefix("books: ") }.map { String($0.dropFirst("books: ".count)) }
        }

        /// How often its books have this word: "taken", "emitted" or an outcome.
        package func count(_ word: String) -> Int {
            let words = books?.split(separator: " ") ?? []
            guard let place = words.firstIndex(of: Substring(word)), place + 1 < words.count else { return 0 }
            return Int(words[place + 1].filter { $0 != "," }) ?? 0
        }
    }

    /// The binary that was built with these tests: it lies beside their own.
    package static let binary: URL = {
        var folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        if !FileManager.default.isExecutableFile(atPath: folder.appendingPathComponent("tidemill").path) {
            folder = repository.appendingPathComponent(".build/debug")
        }
        return folder.appendingPathComponent("tidemill")
    }()

    /// The folder of the package.
    package static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// Runs it to its end.
    package static func run(
        _ arguments: [String],
        in folder: URL = repository,
        input: String? = nil,
        environment: [String: String] = [:]
    ) async throws -> Result {
        let running = try start(arguments, in: folder, environment: environment)
        if let input { running.write(input) }
        return await running.end()
    }

    /// Starts it, or another program.
    package static func start(
        _ arguments: [String],
        of program: URL = binary,
        in folder: URL = repository,
        environment: [String: String] = [:]
    ) throws -> Running {
        // A test may write to a command that has ended.
        signal(SIGPIPE, SIG_IGN)
        // One at a time: a pipe that another command inherits by accident would never be at its end.
        return try spawning.withLock { _ in
            try hearingSignals { try Running(program, arguments, folder, environment) }
        }
    }

    /// A program begins with the signals blocked that are blocked in the thread that starts it; in threads of Dispatch
    /// these are nearly all, SIGTERM among them.
    private static func hearingSignals<Result>(_ body: () throws -> Result) rethrows -> Result {
        var (none, before) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        return try body()
    }

    private static let spawning = Mutex<Void>(())
}
