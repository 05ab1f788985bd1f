public import Tidemill
public import TidemillBroker

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Adds messages to a Redis stream, many in one go.
///
/// `@unchecked Sendable`: one task makes the calls, one after the other, so that its connection is never used twice at
/// a time.
public final class RedisPublisher: BrokerPublisher, @unchecked Sendable {
    private let settings: RedisPublisherSettings
    private let clock: any PipelineClock
    private var session: Session?
    /// The ids of those messages of a failed call that the server has nevertheless, by place: they are not published
    /// again with the others.
    private var published: [Int: String] = [:]

    /// What one connection has.
    private struct Session {
        let connection: RedisConnection
        let script: RedisScript?
        let maxBody: Int
    }

    /// A publisher that is not connected yet; the clock tells the time of day by which old entries are trimmed.
    public init(_ settings: RedisPublisherSettings, clock: any PipelineClock = SystemClock()) {
        self.settings = settings
        self.clock = clock
    }

    /// Connects, and makes sure that the key is a stream or free.
    public func connect() async throws {
        let connection = try RedisConnection(to: settings.server)
        let type = try connection.ask(RedisCommand("TYPE", settings.stream), "looking at the key \(settings.stream)")
        guard type.equals(text: "stream") || type.equals(text: "none") else {
            let message = "the key \(settings.stream) is no stream but a \(type.text ?? "thing"); name another"
            throw BrokerError(.misconfigured, "\(settings.server.name): \(message)")
        }
        session = Session(
            connection: connection,
            script: try settings.deduplicates.map { (_) throws(BrokerError) in
                try RedisScript(Self.addOnce, "publishes once", on: connection)
            },
            maxBody: try Self.maxBody(connection)
        )
    }

    /// Adds the messages that it can.
    public func publish(_ messages: [OutgoingMessage]) async throws -> [Int: JobFailure] {
        guard let session else { throw BrokerError(.unreachable, "\(settings.server.name): not connected") }
        var failures: [Int: JobFailure] = [:]
        var places: [Int] = []
        for (place, message) in messages.enumerated() {
            if message.body.count > session.maxBody {
                failures[place] = oversized(message.body.count, session.maxBody)
            } else if published[place] != message.id {
                try session.connection.send(command(message, session.script))
                places.append(place)
            }
        }
        let trimming = places.isEmpty ? nil : trimmingByAge
        if let trimming { try session.connection.send(trimming) }
        try readReplies(places, messages, session, &failures)
        if trimming != nil { _ = try session.connection.answer() }
        published = [:]
        return failures
    }

    /// Closes the connection.
    public func disconnect() async { session = nil }

    // MARK: Replies

    private func readReplies(
        _ places: [Int],
        _ messages: [OutgoingMessage],
        _ session: Session,
        _ failures: inout [Int: JobFailure]
    ) throws(BrokerError) {
        var trouble: BrokerError?
        for place in places {
            let reply = try session.connection.answer()
            guard let refusal = reply.refusal else {
                published[place] = messages[place].id
                continue
            }
            // A script is forgotten only when the server is told to; connecting anew loads it again.
            if refusal.isOfTheCommand, refusal.code != "NOSCRIPT" {
                failures[place] = JobFailure(.sink, "\(settings.server.name): \(refusal.message)", advice: .never)
            } else if trouble == nil {
                trouble = error(refusal)
            }
        }
        if let trouble { throw trouble }
    }

    private func error(_ refusal: RedisRefusal) -> BrokerError {
        guard refusal.code != "NOSCRIPT" else {
            let message = "the server has forgotten its scripts; they are loaded again"
            return BrokerError(.unreachable, "\(settings.server.name): \(message)")
        }
        return refusal.error(settings.server, "publishing to the stream \(settings.stream)")
    }

    private func oversized(_ size: Int, _ limit: Int) -> JobFailure {
        let message = "the body has \(size) bytes, and the server takes \(limit) (its \"proto-max-bulk-len\")"
        return JobFailure(.sink, "\(settings.server.name): \(message)", advice: .never)
    }

    // MARK: Commands

    private func command(_ message: OutgoingMessage, _ script: RedisScript?) -> RedisCommand {
        var command: RedisCommand
        if let script, let time = settings.deduplicates {
            command = script.call(settings.stream, "\(settings.stream):published:\(message.id)")
            command.append(time.wholeMilliseconds)
        } else {
            command = RedisCommand("XADD", settings.stream)
        }
        command.reserve(message.body.count + 128)
        for word in trimming { command.append(word) }
        command.append("*")
        command.append(settings.bodyField)
        command.append(message.body)
        if let key = message.key {
            command.append(settings.keyField)
            command.append(key)
        }
        for header in message.headers {
            command.append(header.name)
            command.append(header.value)
        }
        return command
    }

    /// An entry is added with one way of trimming; where both are asked for, the age has a command of its own.
    private var trimming: [String] {
        if let length = settings.maxLength { return ["MAXLEN", "~", String(length)] }
        return oldest.map { ["MINID", "~", $0] } ?? []
    }

    private var trimmingByAge: RedisCommand? {
        guard settings.maxLength != nil, let oldest else { return nil }
        return RedisCommand("XTRIM", settings.stream, "MINID", "~", oldest)
    }

    /// The id of the oldest entry to keep.
    private var oldest: String? {
        settings.maxAge.map { age in
            String(max(0, Int(clock.date.timeIntervalSince1970 * 1_000) - age.wholeMilliseconds))
        }
    }

    /// `KEYS` stream, key of the id; `ARGV` time to live, the arguments of `XADD` behind its key.
    ///
    /// The id is noted behind the entry: a server without memory refuses `XADD`, and the message can be published again.
    private static let addOnce = """
        if redis.call('EXISTS', KEYS[2]) == 1 then return false end
        local id = redis.call('XADD', KEYS[1], unpack(ARGV, 2))
        redis.call('SET', KEYS[2], id, 'PX', ARGV[1])
        return id
        """

    /// What the server takes as one argument; where it doesn't tell, what it takes by default.
    private static func maxBody(_ connection: RedisConnection) throws(BrokerError) -> Int {
        let reply = try connection.answer(to: RedisCommand("CONFIG", "GET", "proto-max-bulk-len"))
        return reply[1]?.text.flatMap { Int($0) } ?? 512 << 20
    }
}
