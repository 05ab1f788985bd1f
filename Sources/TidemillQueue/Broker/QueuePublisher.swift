public import Tidemill
public import TidemillBroker

/// Puts messages into a queue of a file, for a ``BrokerSink``.
///
/// A call that throws has put none of its messages in, so that trying again makes no duplicates, and messages need no
/// ids for that.
public final class QueuePublisher: BrokerPublisher {
    /// Where messages go, and how.
    public struct Settings: Sendable {
        /// The queue's name.
        public var queue: String
        /// What decides who comes first; by default all have the priority 0.
        public var priority: QueuePriority
        /// How long messages wait before they can be leased; by default not at all.
        public var delay: Duration
        /// What makes the unique key of each; nil, the default, is none.
        public var uniqueKey: JobTemplate?

        /// Settings for a queue.
        public init(
            queue: String,
            priority: QueuePriority = .constant(0),
            delay: Duration = .zero,
            uniqueKey: JobTemplate? = nil
        ) {
            self.queue = queue
            self.priority = priority
            self.delay = delay
            self.uniqueKey = uniqueKey
        }
    }

    private let store: QueueStore
    private let settings: Settings

    /// A publisher to one queue of a file.
    public init(_ store: QueueStore, _ settings: Settings) {
        self.store = store
        self.settings = settings
    }

    /// Opens the file.
    public func connect() async throws { try store.open() }

    /// Puts messages in; they are on the disk when it returns.
    public func publish(_ messages: [OutgoingMessage]) async throws -> [Int: JobFailure] {
        var failures: [Int: JobFailure] = [:]
        var accepted: [NewMessage] = []
        for (place, message) in messages.enumerated() {
            do {
                accepted.append(try new(message))
            } catch {
                failures[place] = error
            }
        }
        _ = try store.enqueue(accepted, to: settings.queue)
        return failures
    }

    /// The file stays open for others of the process.
    public func disconnect() async {}

    private func new(_ message: OutgoingMessage) throws(JobFailure) -> NewMessage {
        let uniqueKey = try settings.uniqueKey?.text(for: message.job)
        return NewMessage(
            message.body,
            key: message.key,
            priority: try settings.priority.number(for: message.job),
            delay: settings.delay,
            uniqueKey: uniqueKey.map { Bytes($0) },
            headers: MessageHeaders.encode(message.headers)
        )
    }
}
