import ArgumentParser
import Tidemill
import TidemillQueue

struct ListMessages: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the messages of a queue, the oldest first: a line for each."
    )

    @OptionGroup var place: QueueOptions

    @Option(help: "Only those in this state, such as \"dead\".", transform: queueState)
    var state: QueueState?

    @Option(help: "At most so many.")
    var limit = 100

    @Option(help: "The form of the list.")
    var format = QueueOutput.text

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit is at least 1") }
    }

    func run() async throws {
        try place.withExistingStore { store in
            let messages = try store.messages(of: place.queue, in: state, limit: limit)
            if messages.isEmpty {
                complain("\(place.path): no such messages in the queue \"\(place.queue)\"".printable)
            }
            if format == .text, !messages.isEmpty { print(StoredMessage.header) }
            for message in messages { print(format == .text ? message.row : message.record.description.printableJSON) }
        }
    }
}

struct ShowMessages: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows everything about messages."
    )

    @OptionGroup var place: QueueOptions

    @Argument(help: "The messages' ids, as `list` shows them.")
    var ids: [Int64]

    @Option(help: "The form.")
    var format = QueueOutput.text

    func run() async throws {
        try place.withExistingStore { store in
            var missing = 0
            for (index, id) in ids.enumerated() {
                guard let message = try store.message(id, of: place.queue) else {
                    complain("\(place.path): there is no message \(id) in the queue \"\(place.queue)\"".printable)
                    missing += 1
                    continue
                }
                if index > 0, format == .text { print("") }
                print(format == .text ? message.text : message.record.description.printableJSON)
            }
            if missing > 0 { throw ExitCode.failure }
        }
    }
}

struct QueueStats: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Says how many messages a queue has."
    )

    @OptionGroup var place: QueueOptions

    @Option(help: "The form.")
    var format = QueueOutput.text

    func run() async throws {
        try place.withExistingStore { store in
            let statistics = try store.statistics(of: place.queue)
            let age = statistics.oldestAge.map { $0 / .seconds(1) }
            switch format {
            case .text:
                for state in QueueState.shown { print(state.name.padded(to: 12) + statistics[state].grouped) }
                print("oldest ready".padded(to: 13) + (age.map { DurationText.format(.seconds(Int($0))) } ?? "-"))
            case .json:
                var fields = QueueState.shown.map { ($0.name, Value.integer(Int64(statistics[$0]))) }
                fields.append(("oldest_ready_s", age.map { .number($0) } ?? .null))
                print(Value.table(fields.map { (key: $0.0, value: $0.1) }).description)
            }
        }
    }
}

extension QueueState {
    /// All, in the order in which messages go through them.
    fileprivate static let shown: [QueueState] = [.ready, .delayed, .blocked, .leased, .dead, .done]
}
