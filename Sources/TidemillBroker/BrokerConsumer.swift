public import Tidemill

/// A client of a message broker that takes messages on lease: all that a ``BrokerSource`` has to know of a broker.
///
/// A source calls ``connect()`` first, and again after any call threw. ``receive(upTo:waiting:)`` and the calls that
/// end or extend leases come from two tasks side by side; no call is made while another of the same name is under way,
/// and none but ``wake()`` while ``connect()`` or ``disconnect()`` is.
///
/// - Note: What they throw is trouble with the connection: the source connects anew, with growing pauses. A
///   ``BrokerError`` says whether that makes sense.
public protocol BrokerConsumer: Sendable {
    /// What names one delivery of a message to this consumer.
    associatedtype Lease: Sendable

    /// Whether calls block their thread, so that the source makes them on threads of its own. Default: true.
    var blocksItsThread: Bool { get }

    /// How long a message stays this consumer's without being settled or extended.
    var leaseDuration: Duration { get }

    /// Whether leases are still good after the connection broke and was made anew. Default: true.
    var leasesSurviveConnection: Bool { get }

    /// Connects, and makes what the broker needs to have for it (a consumer, a group).
    ///
    /// Credentials are read anew each time.
    func connect() async throws

    /// Takes up to `count` messages; none after `waiting` without one, or when it is woken.
    func receive(upTo count: Int, waiting: Duration) async throws -> [BrokerMessage<Lease>]

    /// Ends leases; when it returns, the broker knows.
    ///
    /// After an error all of them are given again, so ending one twice does no harm.
    func settle(_ endings: [LeaseEnding<Lease>]) async throws

    /// Makes leases last ``leaseDuration`` from now on.
    ///
    /// - Returns: the places in `leases` of those that are lost: somebody else may have the message by now.
    func extend(_ leases: [Lease]) async throws -> [Int]

    /// Makes a ``receive(upTo:waiting:)`` that waits return soon. Any thread calls it. Default: does nothing.
    func wake()

    /// Closes the connection, also one that is broken.
    func disconnect() async
}

extension BrokerConsumer {
    /// It makes blocking calls.
    public var blocksItsThread: Bool { true }
    /// The broker keeps them.
    public var leasesSurviveConnection: Bool { true }
    /// It waits to the end.
    public func wake() {}
}

/// A message as a broker gives it.
public struct BrokerMessage<Lease: Sendable>: Sendable {
    /// What to settle it by.
    public var lease: Lease
    /// The message's identity, the same in every delivery.
    public var id: String
    /// What it carries.
    public var body: Bytes
    /// What messages that belong together have in common.
    public var key: Bytes?
    /// The names and values that came beside the body.
    public var headers: [(name: String, value: Bytes)]
    /// When it was published, in seconds since 1970.
    public var publishedAt: Double?
    /// Which delivery it is, counted from 1; 1 also where the broker doesn't count.
    public var deliveries: Int
    /// More of its metadata: the broker's own, such as the subject.
    public var metadata: [(key: String, value: Value)]

    /// A message.
    public init(
        lease: Lease,
        id: String,
        body: Bytes,
        key: Bytes? = nil,
        headers: [(name: String, value: Bytes)] = [],
        publishedAt: Double? = nil,
        deliveries: Int = 1,
        metadata: [(key: String, value: Value)] = []
    ) {
        self.lease = lease
        self.id = id
        self.body = body
        self.key = key
        self.headers = headers
        self.publishedAt = publishedAt
        self.deliveries = deliveries
        self.metadata = metadata
    }
}

/// How a consumer gives a message back.
public struct LeaseEnding<Lease: Sendable>: Sendable {
    /// What becomes of the message.
    public enum Verdict: Hashable, Sendable {
        /// It is done, and never comes again.
        case done
        /// It failed, and is to come again after this long.
        case again(after: Duration, reason: String)
        /// It was not worked on to the end, which is not its fault: anybody may have it at once, and the delivery is not
        /// to count where the broker can do that.
        case release
        /// It failed too often, or can't be read: it is not to come again, and the broker keeps it where it keeps such
        /// messages.
        case giveUp(reason: String)
    }

    /// The delivery.
    public let lease: Lease
    /// What becomes of the message.
    public let verdict: Verdict

    /// An ending.
    public init(_ lease: Lease, _ verdict: Verdict) {
        self.lease = lease
        self.verdict = verdict
    }
}
