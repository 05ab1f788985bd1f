/// Where a ``RedisPublisher`` publishes and how.
public struct RedisPublisherSettings: Sendable {
    /// The server.
    public var server: RedisServer
    /// The stream's key.
    public var stream: String
    /// The field for a message's body.
    public var bodyField = "body"
    /// The field for a message's key.
    public var keyField = "key"
    /// About how many entries the stream keeps at least; nil trims none.
    public var maxLength: Int?
    /// About how long the stream keeps entries at least; nil is for ever.
    public var maxAge: Duration?
    /// For how long the server remembers which messages it has, by their ids; nil remembers none.
    public var deduplicates: Duration?

    /// Publishes to a stream, which is made with the first message.
    public init(_ server: RedisServer, stream: String) {
        self.server = server
        self.stream = stream
    }
}
