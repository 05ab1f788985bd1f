import CNATS
import Synchronization
public import TidemillBroker

/// Takes messages from a durable pull consumer of a JetStream stream.
///
/// Several consumers of one name, in one process or many, share its messages. The consumer's ack wait is the lease.
/// A lease is good on any connection: what was delivered over one that broke can be settled over the next.
///
/// JetStream counts a delivery also when its message is released, and never says that an extension came too late: only
/// the time that passed on this side tells that a lease is lost.
public final class NATSConsumer: BrokerConsumer {
    /// What to consume.
    public struct Settings: Hashable, Sendable {
        /// Where the server is.
        public var endpoint: NATSEndpoint
        /// The stream that has the messages.
        public var stream: NATSStream
        /// The name of the durable consumer; it is made where it is missing.
        public var consumer: String
        /// Which of the stream's subjects to take; nil: all, or what a consumer that is there has.
        public var subject: String?
        /// The lease; nil: 30 s for a new consumer, and whatever one that is there has.
        public var ackWait: Duration?
        /// How many messages all consumers of the name may hold together; nil: what the server allows.
        public var maxAckPending: Int?
        /// The header that a message's key is in; nil: its subject is its key.
        public var keyHeader: String? = "Tidemill-Key"

        /// A consumer with the server's limits.
        public init(endpoint: NATSEndpoint, stream: NATSStream, consumer: String) {
            (self.endpoint, self.stream, self.consumer) = (endpoint, stream, consumer)
        }
    }

    private let settings: Settings
    private let session = Mutex<Session?>(nil)
    private let lease: Mutex<Duration>
    private let wakes = Atomic<Int>(0)

    /// A consumer that is not connected yet.
    public init(_ settings: Settings) {
        self.settings = settings
        lease = Mutex(settings.ackWait ?? DurableConsumer.standardAckWait)
    }

    /// The consumer's ack wait: that of the settings until the server says otherwise.
    public var leaseDuration: Duration { lease.withLock { $0 } }

    /// Connects, and makes the consumer where it is missing.
    public func connect() async throws {
        let connection = try NATSConnection(settings.endpoint)
        try settings.stream.ensure(on: connection)
        let durable = DurableConsumer(
            stream: settings.stream.name,
            name: settings.consumer,
            filter: settings.subject,
            ackWait: settings.ackWait,
            maxAckPending: settings.maxAckPending
        )
        let ackWait = try durable.ensure(on: connection)
        let key = settings.keyHeader.map { NATSMessages.Key.header($0) } ?? .subject
        let messages = NATSMessages(stream: settings.stream.name, consumer: settings.consumer, key: key)
        let pull = try PullSubscription(durable, messages, connection)
        lease.withLock { $0 = ackWait }
        session.withLock { $0 = Session(connection: connection, pull: pull) }
    }

    /// Takes what is there, up to `count`, or waits for the first message.
    public func receive(upTo count: Int, waiting: Duration) async throws -> [BrokerMessage<NATSLease>] {
        let pull = try current().pull
        let wakes = self.wakes.load(ordering: .acquiring)
        let deadline = ContinuousClock.now + waiting
        repeat {
            let rest = (deadline - .now).wholeNanoseconds / 1_000_000
            let messages = try pull.fetch(count, milliseconds: max(1, min(rest, NATSTimes.slice)))
            if !messages.isEmpty { return messages }
        } while .now < deadline && self.wakes.load(ordering: .acquiring) == wakes
        return []
    }

    /// Answers each delivery, and waits until the server has come to the last of them.
    public func settle(_ endings: [LeaseEnding<NATSLease>]) async throws {
        try answer(endings) { ($0.lease, $0.verdict.answer) }
    }

    /// Says of each delivery that it is being worked on.
    public func extend(_ leases: [NATSLease]) async throws -> [Int] {
        try answer(leases) { ($0, "+WPI") }
        return []
    }

    /// A call that waits returns within a tenth of a second.
    public func wake() { wakes.add(1, ordering: .acquiringAndReleasing) }

    /// Closes the connection.
    public func disconnect() async {
        let closed = session.withLock { session in
            defer { session = nil }
            return session
        }
        closed?.connection.close()
    }

    // The server works a consumer's answers off in their order, so that a reply to the last speaks for all of them; one
    // round trip does. That it has read them (the pong to a flush) is less: a server that ends in order right then
    // gives hundreds of messages again that were settled.
    private func answer<Item>(_ items: [Item], _ text: (Item) -> (NATSLease, String)) throws {
        guard let last = items.last.map(text) else { return }
        let connection = try current().connection
        try connection.calling("answer deliveries at \(connection.place)") { () throws(NATSFailure) in
            for item in items.dropLast() {
                let (lease, text) = text(item)
                try lease.answer(text, on: connection.pointer)
            }
            try last.0.answerAndWait(last.1, on: connection.pointer)
        }
    }

    private func current() throws -> Session {
        guard let session = session.withLock({ $0 }) else {
            throw BrokerError(.unreachable, "not connected to \(settings.endpoint.description)")
        }
        return session
    }

    private struct Session: Sendable {
        let connection: NATSConnection
        let pull: PullSubscription
    }
}
