import TestSupport
import Testing
import Tidemill
import TidemillBroker

@testable import TidemillRedis

/// Leases that last, and leases that are lost: what another has must not be touched.
@Suite(.ownThreads, .timeLimit(.minutes(2)))
struct LeaseTests {
    private func idle(_ redis: RedisFixture, _ id: String) throws -> Int? {
        try redis.ask("XPENDING", redis.stream, redis.group, id, id, "1")[0]?[2]?.integer
    }

    private func owner(_ redis: RedisFixture, _ id: String) throws -> [String?] {
        let entry = try redis.ask("XPENDING", redis.stream, redis.group, id, id, "1")[0]
        return [entry?[1]?.text, entry?[3]?.integer.map { "\($0)" }]
    }

    @Test func extendingMakesThemYoung() async throws {
        let redis = try await RedisFixture()
        let ids = try redis.publish("a", "b")
        let consumer = try await redis.consumer(lease: .seconds(100))
        let messages = try await consumer.next(exactly: 2)
        for id in ids { try redis.ask("XCLAIM", redis.stream, redis.group, "one", "0", id, "IDLE", "90000", "JUSTID") }
        #expect(try await consumer.extend(messages.map(\.lease)) == [])
        for id in ids { #expect(try #require(try idle(redis, id)) < 60_000) }
        #expect(try owner(redis, ids[0]) == ["one", "1"])
    }

    @Test func whatAnotherHasIsLostAndStaysWithIt() async throws {
        let redis = try await RedisFixture()
        let ids = try redis.publish("a", "b", "c")
        let consumer = try await redis.consumer()
        let leases = try await consumer.next(exactly: 3).map(\.lease)
        try redis.expire(ids[1])
        let other = try await redis.consumer("two")
        #expect(try await other.next().map(\.body) == ["b"])
        #expect(try await consumer.extend(leases) == [1])
        for verdict in [
            LeaseEnding<RedisLease>.Verdict.release, .again(after: .zero, reason: ""), .giveUp(reason: "no"),
        ] {
            try await consumer.settle([LeaseEnding(leases[1], verdict)])
            #expect(try owner(redis, ids[1]) == ["two", "2"])
        }
        #expect(try redis.length("\(redis.stream):dead") == 0)
        #expect(try await other.extend([RedisLease(entry: ids[1], delivery: 2)]) == [])
    }

    /// It lost the message, and claimed it again itself: the first of the two leases is over.
    @Test func theSameConsumerMayLoseToItself() async throws {
        let redis = try await RedisFixture()
        let id = try #require(try redis.publish("a").first)
        let consumer = try await redis.consumer()
        let first = try await consumer.next().map(\.lease)
        try redis.expire(id)
        let second = try await consumer.next().map(\.lease)
        #expect(second.map(\.delivery) == [2])
        #expect(try await consumer.extend(first + second) == [0])
    }

    @Test func manyAtATime() async throws {
        let redis = try await RedisFixture()
        let consumer = try await redis.consumer()
        let publisher = try await redis.publisher()
        _ = try await publisher.publish((0..<1_500).map { OutgoingMessage("\($0)") })
        let messages = try await consumer.next(exactly: 1_500)
        let lost = [0, 199, 200, 777, 1_499]
        for place in lost { try redis.ask("XACK", redis.stream, redis.group, messages[place].id) }
        #expect(try await consumer.extend(messages.map(\.lease)) == lost)
        let endings = messages.enumerated().map { index, message in
            LeaseEnding(message.lease, index % 3 == 0 ? .done : index % 3 == 1 ? .release : .giveUp(reason: "r"))
        }
        try await consumer.settle(endings)
        #expect(try redis.pending() == 499)
        #expect(try redis.length("\(redis.stream):dead") == 498)
    }

    @Test func aServerThatForgotItsScripts() async throws {
        let redis = try await RedisFixture()
        try redis.publish("a", "b")
        let consumer = try await redis.consumer()
        let messages = try await consumer.next(exactly: 2)
        try redis.ask("SCRIPT", "FLUSH")
        #expect(try await consumer.extend(messages.map(\.lease)) == [])
        try redis.ask("SCRIPT", "FLUSH")
        try await consumer.settle([LeaseEnding(messages[0].lease, .done), LeaseEnding(messages[1].lease, .release)])
        #expect(try await consumer.next().map(\.body) == ["b"])
    }

    @Test func doneCountsWhoeverHasTheMessage() async throws {
        let redis = try await RedisFixture()
        let id = try #require(try redis.publish("a").first)
        let consumer = try await redis.consumer()
        let messages = try await consumer.next()
        try redis.expire(id)
        let other = try await redis.consumer("two")
        let claimed = try await other.next()
        try await consumer.settle(messages, .done)
        #expect(try redis.pending() == 0)
        #expect(try await other.extend(claimed.map(\.lease)) == [0])
    }
}
