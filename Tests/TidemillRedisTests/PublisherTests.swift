import Foundation
import TestSupport
import Testing
import Tidemill
import TidemillBroker
import TidemillTesting

@testable import TidemillRedis

/// What a publisher adds, and what it makes of a server's refusals.
@Suite(.ownThreads, .timeLimit(.minutes(2)))
struct PublisherTests {
    @Test func messagesArriveInOrderWithKeyAndHeaders() async throws {
        let redis = try await RedisFixture()
        let publisher = try await redis.publisher { ($0.bodyField, $0.keyField) = ("b", "k") }
        let messages = [OutgoingMessage("one", key: "x", headers: [("h", "1"), ("h", "2")]), OutgoingMessage("")]
        #expect(try await publisher.publish(messages).isEmpty)
        let entries = try redis.ask("XRANGE", redis.stream, "-", "+").elements
        let fields = entries.map { $0[1]?.elements.compactMap(\.text) }
        #expect(fields == [["b", "one", "k", "x", "h", "1", "h", "2"], ["b", ""]])
    }

    @Test func tenThousandInOneGo() async throws {
        let redis = try await RedisFixture()
        let publisher = try await redis.publisher()
        let body = String(repeating: "x", count: 2_000)
        #expect(try await publisher.publish((0..<10_000).map { _ in OutgoingMessage(body) }).isEmpty)
        #expect(try redis.length() == 10_000)
    }

    @Test func theStreamIsTrimmedByLength() async throws {
        let redis = try await RedisFixture()
        let publisher = try await redis.publisher { $0.maxLength = 100 }
        _ = try await publisher.publish((0..<1_000).map { OutgoingMessage("\($0)") })
        // The server trims whole nodes, of a hundred entries by default.
        #expect((100...200).contains(try redis.length()))
    }

    @Test(arguments: [nil, 100_000])
    func theStreamIsTrimmedByAge(maxLength: Int?) async throws {
        let redis = try await RedisFixture()
        let clock = ManualClock(start: Date(timeIntervalSince1970: 1_000))
        var settings = RedisPublisherSettings(redis.server, stream: redis.stream)
        (settings.maxAge, settings.maxLength) = (.seconds(10), maxLength)
        let publisher = RedisPublisher(settings, clock: clock)
        try await publisher.connect()
        for second in 900..<1_000 {
            for number in 0..<10 { try redis.ask("XADD", redis.stream, "\(second)000-\(number)", "body", "old") }
        }
        _ = try await publisher.publish([OutgoingMessage("new")])
        #expect((101...201).contains(try redis.length()))
    }

    @Test func whatWasPublishedIsNotPublishedAgain() async throws {
        let redis = try await RedisFixture()
        let publisher = try await redis.publisher { $0.deduplicates = .seconds(600) }
        let messages = [OutgoingMessage("a", id: "1"), OutgoingMessage("b", id: "2")]
        _ = try await publisher.publish(messages)
        try redis.ask("SCRIPT", "FLUSH")
        let forgotten = await brokerError {
            _ = try await publisher.publish(messages + [OutgoingMessage("c", id: "3")])
        }
        #expect(forgotten?.kind == .unreachable)
        #expect(forgotten?.message.contains("forgotten its scripts") ?? false)
        try await publisher.connect()
        #expect(try await publisher.publish(messages + [OutgoingMessage("c", id: "3")]).isEmpty)
        #expect(try redis.length() == 3)
        #expect(try #require(try redis.ask("PTTL", "\(redis.stream):published:1").integer) > 500_000)
    }

    @Test func anOversizedBodyFailsAlone() async throws {
        let redis = try await RedisFixture(["--proto-max-bulk-len", "1mb"])
        let publisher = try await redis.publisher()
        let large = OutgoingMessage(String(repeating: "x", count: 1 << 20 | 1))
        let failures = try await publisher.publish([OutgoingMessage("a"), large, OutgoingMessage("b")])
        #expect(failures.keys.sorted() == [1])
        #expect(failures[1]?.message.contains("proto-max-bulk-len") ?? false)
        #expect(failures[1]?.advice == .never)
        #expect(try redis.length() == 2)
    }

    /// The part of a call that the server had room for is not published twice.
    @Test func aFullServerTakesTheRestLater() async throws {
        let redis = try await RedisFixture(["--maxmemory", "8mb", "--maxmemory-policy", "noeviction"])
        let publisher = try await redis.publisher()
        let body = String(repeating: "x", count: 100_000)
        let messages = (0..<200).map { _ in OutgoingMessage(body) }
        let error = await brokerError { _ = try await publisher.publish(messages) }
        #expect(error?.kind == .unreachable)
        #expect(error?.message.contains("maxmemory") ?? false)
        let first = try redis.length()
        #expect((1..<200).contains(first))
        try redis.ask("CONFIG", "SET", "maxmemory", "0")
        await publisher.disconnect()
        try await publisher.connect()
        #expect(try await publisher.publish(messages).isEmpty)
        #expect(try redis.length() == 200)
    }

    @Test func consumersGoOnWhileTheServerIsFull() async throws {
        let redis = try await RedisFixture()
        try redis.publish("a", "b")
        let consumer = try await redis.consumer()
        try redis.ask("CONFIG", "SET", "maxmemory", "1")
        let messages = try await consumer.next(exactly: 2)
        #expect(try await consumer.extend(messages.map(\.lease)) == [])
        try await consumer.settle([LeaseEnding(messages[0].lease, .done)])
        let error = await brokerError {
            try await consumer.settle([LeaseEnding(messages[1].lease, .giveUp(reason: "no"))])
        }
        #expect(error?.message.contains("maxmemory") ?? false)
        try redis.ask("CONFIG", "SET", "maxmemory", "0")
        try await consumer.settle([LeaseEnding(messages[1].lease, .giveUp(reason: "no"))])
        #expect(try redis.pending() == 0)
        #expect(try redis.length("\(redis.stream):dead") == 1)
    }

    @Test func aReplicaTakesNothing() async throws {
        let redis = try await RedisFixture()
        let publisher = try await redis.publisher()
        try redis.ask("REPLICAOF", "127.0.0.1", "1")
        let error = await brokerError { _ = try await publisher.publish([OutgoingMessage("a")]) }
        #expect(error?.kind == .unreachable)
        #expect(error?.message.contains("name the primary") ?? false)
    }

    @Test func aKeyThatIsNoStream() async throws {
        let redis = try await RedisFixture()
        try redis.ask("SET", redis.stream, "text")
        let error = await brokerError { _ = try await redis.publisher() }
        #expect(error?.kind == .misconfigured)
        #expect(error?.message.contains("no stream but a string") ?? false)
    }

    @Test func aServerOfACluster() async throws {
        let bus = try LoopbackServer.freePort()
        let redis = try await RedisFixture(["--cluster-enabled", "yes", "--cluster-port", "\(bus)"])
        let alone = await brokerError { _ = try await redis.consumer() }
        #expect(alone?.kind == .unreachable)
        #expect(alone?.message.contains("lacks servers") ?? false)
    }
}
