public import Tidemill

/// A client of a message broker that publishes: all that a ``BrokerSink`` has to know of a broker.
///
/// One task calls it. ``connect()`` comes first, and again after any call threw.
///
/// - Note: What it throws is trouble with the connection: the sink connects anew, with growing pauses. A
///   ``BrokerError`` says whether that makes sense.
public protocol BrokerPublisher: Sendable {
    /// Whether calls block their thread, so that the sink makes them on a thread of its own. Default: true.
    var blocksItsThread: Bool { get }

    /// Connects; credentials are read anew each time.
    func connect() async throws

    /// Publishes messages, in their order; when it returns, the broker has all but those that it names.
    ///
    /// After an error all of them are published again, with the same ids.
    ///
    /// - Returns: why single messages could not be published, by place: a failure of the job.
    func publish(_ messages: [OutgoingMessage]) async throws -> [Int: JobFailure]

    /// Closes the connection, also one that is broken.
    func disconnect() async
}

extension BrokerPublisher {
    /// It makes blocking calls.
    public var blocksItsThread: Bool { true }
}

/// A message on its way to a broker.
public struct OutgoingMessage: Sendable {
    /// By what the broker may know that it has the message already: the same each time that it is tried.
    public let id: String
    /// What it carries.
    public let body: Bytes
    /// What messages that belong together have in common.
    public let key: Bytes?
    /// The names and values beside the body.
    public let headers: [(name: String, value: Bytes)]
    /// The job that it is made of.
    public let job: Job

    /// A message.
    public init(id: String, body: Bytes, key: Bytes?, headers: [(name: String, value: Bytes)], job: Job) {
        self.id = id
        self.body = body
        self.key = key
        self.headers = headers
        self.job = job
    }
}
