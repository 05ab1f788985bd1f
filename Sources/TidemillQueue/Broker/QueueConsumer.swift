import Synchronization
import Tidemill
public import TidemillBroker

/// Takes messages from a queue of a file, for a ``BrokerSource``.
public final class QueueConsumer: BrokerConsumer {
    /// What it takes, and how.
    public struct Settings: Sendable {
        /// The queue's name.
        public var queue: String
        /// How long a message is this consumer's without being extended; by default 1 min.
        public var leaseDuration: Duration
        /// Whether the queue keeps the order of messages with the same key; by default no.
        public var isOrdered: Bool
        /// How long dead messages are kept; by default for ever.
        public var dead: QueueRetention
        /// How long messages that are done are kept; nil, the default, is not at all.
        public var done: QueueRetention?

        /// Settings for a queue.
        public init(
            queue: String,
            leaseDuration: Duration = .seconds(60),
            isOrdered: Bool = false,
            dead: QueueRetention = QueueRetention(),
            done: QueueRetention? = nil
        ) {
            self.queue = queue
            self.leaseDuration = leaseDuration
            self.isOrdered = isOrdered
            self.dead = dead
            self.done = done
        }
    }

    private struct Session: ~Copyable {
        let arrivals: Arrivals
        var lastUpkeep: Duration?
    }

    private static let upkeepInterval: Duration = .seconds(60)

    let store: QueueStore
    let settings: Settings
    private let session = Mutex<Session?>(nil)
    private let wakeUp = WakeUp()

    /// A consumer of one queue of a file.
    public init(_ store: QueueStore, _ settings: Settings) {
        self.store = store
        self.settings = settings
    }

    /// As its settings say.
    public var leaseDuration: Duration { settings.leaseDuration }

    /// Opens the file.
    public func connect() async throws {
        try store.open()
        if settings.isOrdered { try store.keepOrder(of: settings.queue) }
        _ = wakeUp.hasRung()
        session.withLock { $0 = Session(arrivals: Arrivals(store.path, wakeUp)) }
    }

    /// Leases messages; waits for some to come, for a delay to end or for a lease to expire.
    public func receive(upTo count: Int, waiting: Duration) async throws -> [BrokerMessage<QueueLease>] {
        try take(upTo: count, waiting: waiting).map(message)
    }

    /// The same, with the messages as the file has them.
    func take(upTo count: Int, waiting: Duration) throws -> [LeasedMessage] {
        try session.withLock { session in
            guard session != nil else { throw BrokerError(.unreachable, "\(store.path): is not open") }
            try keepUpIfDue(&session)
            let end = ContinuousClock.now + waiting
            while true {
                session?.arrivals.arm()
                let messages = try store.lease(count, from: settings.queue, for: leaseDuration)
                let rest = ContinuousClock.now.duration(to: end)
                if !messages.isEmpty || wakeUp.hasRung() || rest <= .zero { return messages }
                session?.arrivals.wait(atMost: min(rest, try pause()))
            }
        }
    }

    /// Ends leases.
    public func settle(_ endings: [LeaseEnding<QueueLease>]) async throws {
        try store.settle(endings, in: settings.queue, keepsDone: settings.done != nil)
    }

    /// Extends leases.
    public func extend(_ leases: [QueueLease]) async throws -> [Int] { try store.extend(leases, by: leaseDuration) }

    /// Has ``receive(upTo:waiting:)`` return.
    public func wake() { wakeUp.ring() }

    /// Stops watching the file, which stays open for others of the process.
    public func disconnect() async { session.withLock { $0 = nil } }

    /// How long nothing can come by itself.
    private func pause() throws -> Duration {
        switch try store.next(in: settings.queue) {
        case .now: .zero
        case .after(let delay): delay
        case .unknown: .seconds(1)
        }
    }

    private func keepUpIfDue(_ session: inout Session?) throws {
        let now = store.clock.now
        if let last = session?.lastUpkeep, now - last < Self.upkeepInterval { return }
        session?.lastUpkeep = now
        try store.releaseOfDeadProcesses(of: settings.queue)
        try store.trim(.dead, of: settings.queue, to: settings.dead)
        if let done = settings.done { try store.trim(.done, of: settings.queue, to: done) }
    }

    private func message(_ leased: LeasedMessage) -> BrokerMessage<QueueLease> {
        let message = leased.message
        var metadata: [(key: String, value: Value)] = [
            ("queue", .string(Bytes(settings.queue))), ("priority", .integer(Int64(message.priority))),
        ]
        if let error = message.lastError { metadata.append(("last_error", .string(Bytes(error)))) }
        return BrokerMessage(
            lease: leased.lease,
            id: String(message.id),
            body: message.body,
            key: message.key,
            headers: MessageHeaders.decode(message.headers),
            publishedAt: Double(message.createdAt) / 1_000,
            deliveries: message.attempts,
            metadata: metadata
        )
    }
}
