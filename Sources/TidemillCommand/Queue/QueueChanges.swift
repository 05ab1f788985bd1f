import ArgumentParser
import Tidemill
import TidemillQueue

struct RetryMessages: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Makes dead messages ready again, as if they had never been tried."
    )

    @OptionGroup var place: QueueOptions

    @Argument(help: "The messages' ids, as `list` shows them.")
    var ids: [Int64] = []

    @Flag(help: "All dead messages.")
    var all = false

    func validate() throws {
        if all, !ids.isEmpty { throw ValidationError("--all and ids exclude each other") }
        if !all, ids.isEmpty { throw ValidationError("say which messages: ids, or --all") }
    }

    func run() async throws {
        try place.withExistingStore { store in
            let retried = try store.retry(all ? nil : ids, of: place.queue)
            complain("tidemill: \(retried.count.messages) ready again")
            let missing = Set(ids).subtracting(retried).sorted()
            for id in missing { complain("\(place.path): there is no dead message \(id)") }
            if !missing.isEmpty { throw ExitCode.failure }
        }
    }
}

struct PurgeMessages: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Removes all messages that are in a state, for good.",
        discussion: "Who works on a message that was leased and is removed goes on, and nobody hears how that ends."
    )

    @OptionGroup var place: QueueOptions

    @Option(help: "The state of the messages that go, such as \"dead\".", transform: queueState)
    var state: QueueState

    func run() async throws {
        try place.withExistingStore { store in
            complain("tidemill: \(try store.purge(state, of: place.queue).messages) removed")
        }
    }
}
