import Glibc

/// What a ``RedisConsumer`` reads and how.
public struct RedisConsumerSettings: Sendable {
    /// Where a group that doesn't exist yet begins.
    public enum Start: String, Sendable, CaseIterable {
        /// With the oldest entry that the stream has.
        case oldest
        /// With the first one that comes after the group was made.
        case newest
    }

    /// The server.
    public var server: RedisServer
    /// The stream's key.
    public var stream: String
    /// The group of consumers that share the stream's entries.
    public var group: String
    /// This consumer's name in the group, its own among all that run.
    public var consumer = Self.ownName
    /// How long a message is this consumer's before others may claim it; the same for all consumers of a group.
    public var lease = Duration.seconds(30)
    /// Where a group that doesn't exist yet begins.
    public var start = Start.oldest
    /// Whether entries that are done are deleted from the stream.
    public var deletes = false
    /// The field that is a message's body; an entry without it is a JSON object of all its fields.
    public var bodyField = "body"
    /// The field that is a message's key.
    public var keyField = "key"
    /// The stream of entries that were given up; nil is the stream's key and ":dead".
    public var deadLettersStream: String?
    /// How long others must have been away, with nothing pending, to be removed from the group.
    public var removesConsumersAfter = Duration.seconds(3_600)

    /// Reads a stream as a member of a group.
    public init(_ server: RedisServer, stream: String, group: String) {
        self.server = server
        self.stream = stream
        self.group = group
    }

    var deadLetters: String { deadLettersStream ?? "\(stream):dead" }

    /// The machine's name and the process's number.
    public static var ownName: String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let host = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return "\(host)-\(getpid())"
    }
}
