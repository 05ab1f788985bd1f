import ArgumentParser
import Tidemill
import TidemillQueue

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

struct PushMessages: AsyncParsableCommand {
    /// What the values on the command line and in the input are.
    enum ValueFormat: String, ExpressibleByArgument, CaseIterable {
        case json
        case text
    }

    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Puts messages into a queue, and prints their ids.",
        discussion: """
            A message is on the disk when its id is printed. Values are read as they come: what is there at once goes to \
            the disk together. One that is ignored because of --unique prints the id of the other message.
            """
    )

    @OptionGroup var place: QueueOptions

    @Argument(help: "The values; by default one a line from standard input.")
    var values: [String] = []

    @Option(help: "What values are: JSON, for sources of the format \"json\", or text, for those of \"text\".")
    var format = ValueFormat.json

    @Option(help: "The messages' key.")
    var key: String?

    @Option(help: "Messages of a higher priority are taken first.")
    var priority = 0

    @Option(help: "How long the messages wait before they can be taken, such as \"5m\".", transform: duration)
    var delay: Duration?

    @Option(help: "Ignored while a message with the same unique key is neither done nor dead.")
    var unique: String?

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        try place.withStore { store in
            if values.isEmpty {
                var lines = InputLines()
                var number = 0
                while let texts = try lines.next() {
                    try push(texts, to: store) { "line \(number + $0 + 1)" }
                    number += texts.count
                }
            } else {
                try push(values.map { Bytes($0) }, to: store) { "value \($0 + 1)" }
            }
        }
    }

    /// Puts all in, or those before the first that is not what the format says.
    private func push(_ texts: [Bytes], to store: QueueStore, name: (Int) -> String) throws {
        var messages: [NewMessage] = []
        var problem: String?
        for (index, text) in texts.enumerated() {
            if let reason = self.problem(text) {
                problem = "\(name(index)): \(reason)"
                break
            }
            messages.append(message(text))
        }
        let receipts = try store.enqueue(messages, to: place.queue)
        try acknowledge(receipts)
        if let problem {
            complain("tidemill: \(problem)".printable)
            throw ExitCode.failure
        }
    }

    private func problem(_ text: Bytes) -> String? {
        guard format == .json else { return nil }
        do {
            _ = try Value(json: text)
            return nil
        } catch {
            return "not JSON: \(error); --format text takes any text"
        }
    }

    private func message(_ body: Bytes) -> NewMessage {
        NewMessage(
            body,
            key: key.map { Bytes($0) },
            priority: priority,
            delay: delay ?? .zero,
            uniqueKey: unique.map { Bytes($0) }
        )
    }

    /// Prints the ids at once: whoever reads them knows what is safe.
    private func acknowledge(_ receipts: [QueueReceipt]) throws {
        let ids = receipts.map { "\($0.id)\n" }.joined()
        guard writeOutput(ids) else { throw ExitCode.unfinished }
        let duplicates = receipts.count { if case .duplicate = $0 { true } else { false } }
        if duplicates > 0 { complain("tidemill: \(duplicates.messages) ignored: there is one with that unique key") }
    }
}

/// Writes all of a text to standard output; false where nobody takes it.
private func writeOutput(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
        let count = bytes[written...].withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
        if count < 0 && errno != EINTR { return false }
        written += max(count, 0)
    }
    return true
}

private func duration(_ text: String) throws -> Duration {
    guard let duration = DurationText.parse(text) else {
        throw ValidationError("\"\(text)\" is no duration, such as 90s or 5m")
    }
    return duration
}
