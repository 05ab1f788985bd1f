import Foundation
import TestSupport
import Testing
import Tidemill
import TidemillBroker

@testable import TidemillRedis

/// A server of a test's own, and what is asked of it beside the consumer or the publisher that is tested.
struct RedisFixture {
    let process: LoopbackServer
    let stream = "orders"
    let group = "tidemill"

    /// Starts a server with these further arguments; without any it keeps nothing on disk.
    init(_ arguments: [String] = []) async throws {
        let always = ["--port", "{port}", "--bind", "127.0.0.1", "--dir", "{folder}", "--save", ""]
        process = try LoopbackServer(
            "redis-server",
            always + arguments,
            ready: "Ready to accept connections",
            logsToErrors: false
        )
        try await process.start()
    }

    var server: RedisServer {
        var server = RedisServer(.network(host: "127.0.0.1", port: process.port))
        server.timeout = .seconds(20)
        return server
    }

    /// Carries out a command, and answers with its reply, errors included.
    @discardableResult
    func ask(_ words: String...) throws -> RedisReply { try ask(words) }

    func ask(_ words: [String], on server: RedisServer? = nil) throws -> RedisReply {
        var command = RedisCommand()
        for word in words { command.append(word) }
        return try RedisConnection(to: server ?? self.server).answer(to: command)
    }

    /// Adds messages with these bodies; answers with their ids.
    @discardableResult
    func publish(_ bodies: String...) throws -> [String] {
        try bodies.map { try #require(try ask("XADD", stream, "*", "body", $0).text) }
    }

    /// How many entries the group has pending.
    func pending() throws -> Int { try ask("XPENDING", stream, group)[0]?.integer ?? -1 }

    func length(_ stream: String? = nil) throws -> Int { try ask("XLEN", stream ?? self.stream).integer ?? -1 }

    /// A consumer that is connected, with changes to its settings.
    func consumer(
        _ name: String = "one",
        lease: Duration = .seconds(30),
        _ change: (inout RedisConsumerSettings) -> Void = { _ in }
    ) async throws -> RedisConsumer {
        let consumer = unconnected(name, lease: lease, change)
        try await consumer.connect()
        return consumer
    }

    func unconnected(
        _ name: String = "one",
        lease: Duration = .seconds(30),
        _ change: (inout RedisConsumerSettings) -> Void = { _ in }
    ) -> RedisConsumer {
        var settings = RedisConsumerSettings(server, stream: stream, group: group)
        settings.consumer = name
        settings.lease = lease
        change(&settings)
        return RedisConsumer(settings)
    }

    func publisher(_ change: (inout RedisPublisherSettings) -> Void = { _ in }) async throws -> RedisPublisher {
        var settings = RedisPublisherSettings(server, stream: stream)
        change(&settings)
        let publisher = RedisPublisher(settings)
        try await publisher.connect()
        return publisher
    }

    /// Has an entry look as if its lease ran out long ago.
    func expire(_ id: String, of consumer: String = "one") throws {
        try ask("XCLAIM", stream, group, consumer, "0", id, "IDLE", "100000000", "JUSTID")
    }
}

extension RedisConsumer {
    /// Receives until there is something, or there was nothing for a minute.
    func next(_ count: Int = 100) async throws -> [BrokerMessage<RedisLease>] {
        try await receive(upTo: count, waiting: .seconds(60))
    }

    /// Receives until there are so many.
    func next(exactly count: Int) async throws -> [BrokerMessage<RedisLease>] {
        var messages: [BrokerMessage<RedisLease>] = []
        while messages.count < count {
            let more = try await next(count - messages.count)
            if more.isEmpty { break }
            messages += more
        }
        return messages
    }

    func settle(_ messages: [BrokerMessage<RedisLease>], _ verdict: LeaseEnding<RedisLease>.Verdict) async throws {
        try await settle(messages.map { LeaseEnding($0.lease, verdict) })
    }
}

extension OutgoingMessage {
    init(_ body: String, id: String = UUID().uuidString, key: String? = nil, headers: [(String, String)] = []) {
        self.init(
            id: id,
            body: Bytes(body),
            key: key.map { Bytes($0) },
            headers: headers.map { ($0.0, Bytes($0.1)) },
            job: Job(.string(Bytes(body)))
        )
    }
}

/// The error that a call throws, as a broker's.
func brokerError(_ body: () async throws -> Void) async -> BrokerError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? BrokerError
    }
}
