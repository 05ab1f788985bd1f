import ArgumentParser
import TidemillBroker
import TidemillQueue

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Puts messages into a queue, and lists, shows, retries and removes those that are in it.",
        discussion: """
            They work on the file of sources and sinks of type "queue", also while pipelines use it. Messages are ready, \
            delayed, blocked (an earlier one with their key is unfinished), leased, dead or done.
            """,
        subcommands: [
            PushMessages.self, ListMessages.self, ShowMessages.self, QueueStats.self, RetryMessages.self,
            PurgeMessages.self,
        ]
    )
}

/// The form of what a command prints.
enum QueueOutput: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

/// The state that a word names.
func queueState(_ text: String) throws -> QueueState {
    if let state = QueueState.allCases.first(where: { $0.name == text }) { return state }
    let names = QueueState.allCases.map(\.name).joined(separator: ", ")
    throw ValidationError("\"\(text)\" is no state; there are \(names)")
}

/// A queue of a file, named on the command line.
struct QueueOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The queue's file.", valueName: "file"))
    var path: String

    @Option(help: "The queue's name.")
    var queue = "default"

    /// Calls `body` with the file, which has to be there already.
    func withExistingStore(_ body: (QueueStore) throws -> Void) throws {
        guard access(path, F_OK) == 0 else {
            complain("tidemill: \(path): \(String(cString: strerror(errno)))")
            throw ExitCode.failure
        }
        try withStore(body)
    }

    /// Calls `body` with the file; what goes wrong with it is said as the other commands say it.
    func withStore(_ body: (QueueStore) throws -> Void) throws {
        let store = QueueStore(path)
        do {
            try body(store)
        } catch let error as BrokerError {
            complain("tidemill: \(error)".printable)
            throw error.kind == .unreachable ? ExitCode.unfinished : ExitCode.failure
        }
    }
}

extension Int {
    /// So many messages, in words.
    var messages: String { self == 1 ? "1 message" : "\(grouped) messages" }
}
