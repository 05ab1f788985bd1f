import TestSupport
import Testing
import Tidemill
import TidemillBroker

@testable import TidemillRedis

/// Messages that come again: to whom, when, and what they are counted as.
@Suite(.ownThreads, .timeLimit(.minutes(2)))
struct RedeliveryTests {
    @Test func whoDiesLosesItsMessagesToOthers() async throws {
        let redis = try await RedisFixture()
        let ids = try redis.publish("a", "b")
        let dead = try await redis.consumer("dead")
        #expect(try await dead.next(exactly: 2).count == 2)
        for id in ids { try redis.expire(id, of: "dead") }
        let other = try await redis.consumer("two")
        let messages = try await other.next(exactly: 2)
        #expect(messages.map(\.body) == ["a", "b"])
        #expect(messages.map(\.deliveries) == [2, 2])
        try await other.settle(messages, .done)
        #expect(try redis.pending() == 0)
    }

    @Test func aLeaseRunsOutByItself() async throws {
        let redis = try await RedisFixture()
        try redis.publish("a")
        let consumer = try await redis.consumer(lease: .milliseconds(100))
        #expect(try await consumer.next().map(\.deliveries) == [1])
        #expect(try await consumer.next().map(\.deliveries) == [2])
    }

    @Test func whatIsDueAgainComesInTurnWithWhatIsNew() async throws {
        let redis = try await RedisFixture()
        let ids = try redis.publish("a", "b")
        let dead = try await redis.consumer("dead")
        _ = try await dead.next(exactly: 2)
        for id in ids { try redis.expire(id, of: "dead") }
        try redis.publish("new")
        let consumer = try await redis.consumer("two")
        var bodies: [Bytes] = []
        while bodies.count < 3 { bodies += try await consumer.next(1).map(\.body) }
        #expect(bodies == ["a", "new", "b"])
    }

    @Test func againAfterAWhile() async throws {
        let redis = try await RedisFixture()
        try redis.publish("a")
        let consumer = try await redis.consumer()
        let pause = Duration.milliseconds(300)
        try await consumer.settle(consumer.next(), .again(after: pause, reason: "busy"))
        let start = ContinuousClock.now
        let messages = try await consumer.next()
        #expect(messages.map(\.deliveries) == [2])
        #expect(start.duration(to: .now) >= pause - .milliseconds(20))
        try await consumer.settle(messages, .again(after: .zero, reason: "busy"))
        #expect(try await consumer.next().map(\.deliveries) == [3])
    }

    /// An idle time can't say it, so the consumer keeps the entry to itself meanwhile.
    @Test func againAfterLongerThanTheLease() async throws {
        let redis = try await RedisFixture()
        try redis.publish("a")
        let consumer = try await redis.consumer(lease: .seconds(1))
        let other = try await redis.consumer("two", lease: .seconds(1))
        try await consumer.settle(consumer.next(), .again(after: .milliseconds(2_500), reason: "busy"))
        let start = ContinuousClock.now
        var messages: [BrokerMessage<RedisLease>] = []
        while messages.isEmpty {
            messages += try await consumer.receive(upTo: 1, waiting: .milliseconds(20))
            messages += try await other.receive(upTo: 1, waiting: .milliseconds(20))
        }
        #expect(start.duration(to: .now) >= .milliseconds(2_480))
        #expect(messages.map(\.deliveries) == [2])
    }

    @Test func aPauseIsKeptWhileAnotherThreadWaits() async throws {
        let redis = try await RedisFixture()
        try redis.publish("a")
        let consumer = try await redis.consumer()
        let messages = try await consumer.next()
        async let again = consumer.next()
        try await consumer.settle(messages, .again(after: .milliseconds(50), reason: "busy"))
        #expect(try await again.map(\.body) == ["a"])
    }

    @Test func whatIsReleasedComesAtOnceAndIsNotCounted() async throws {
        let redis = try await RedisFixture()
        try redis.publish("a")
        let consumer = try await redis.consumer()
        try await consumer.settle(consumer.next(), .release)
        let other = try await redis.consumer("two", lease: .seconds(3_600))
        #expect(try await other.next().map(\.deliveries) == [1])
    }

    @Test func whatIsGivenUpIsPutAsideWithTheReason() async throws {
        let redis = try await RedisFixture()
        let id = try #require(try redis.publish("poison").first)
        let consumer = try await redis.consumer()
        let messages = try await consumer.next()
        try await consumer.settle(messages, .giveUp(reason: "not an order"))
        #expect(try redis.pending() == 0)
        let letters = try redis.ask("XRANGE", "\(redis.stream):dead", "-", "+")
        let fields = try #require(letters[0]?[1]).elements.compactMap(\.text)
        #expect(
            fields == [
                "body", "poison", "dead_letter_stream", redis.stream, "dead_letter_group", redis.group,
                "dead_letter_id", id, "dead_letter_deliveries", "1", "dead_letter_reason", "not an order",
            ]
        )
        // Ended twice, as after an answer that was lost, it is not put aside twice.
        try await consumer.settle(messages, .giveUp(reason: "not an order"))
        #expect(try redis.length("\(redis.stream):dead") == 1)
    }

    @Test func anEntryWithMoreFieldsThanAScriptCanPassOn() async throws {
        let redis = try await RedisFixture()
        let fields = (0..<5_000).flatMap { ["f\($0)", "\($0)"] }
        _ = try redis.ask(["XADD", redis.stream, "*", "body", "x"] + fields)
        let consumer = try await redis.consumer { $0.deadLettersStream = "aside" }
        try await consumer.settle(consumer.next(), .giveUp(reason: "too much"))
        #expect(try redis.length("aside") == 1)
        #expect(try redis.pending() == 0)
    }

    @Test(arguments: ["delete", "trim"])
    func whatIsRemovedMeanwhileDoesNotComeAgain(way: String) async throws {
        let redis = try await RedisFixture()
        let ids = try redis.publish("a", "b")
        let dead = try await redis.consumer("dead")
        let messages = try await dead.next(exactly: 2)
        for id in ids { try redis.expire(id, of: "dead") }
        if way == "delete" { try redis.ask("XDEL", redis.stream, ids[0]) }
        if way == "trim" { try redis.ask("XTRIM", redis.stream, "MAXLEN", "1") }
        let other = try await redis.consumer("two")
        #expect(try await other.next().map(\.body) == ["b"])
        #expect(try redis.pending() == 1)
        // Nobody else can have the one that is gone; the other one is lost.
        #expect(try await dead.extend(messages.map(\.lease)) == [1])
    }

    @Test func idleConsumersWithoutMessagesAreRemoved() async throws {
        let redis = try await RedisFixture()
        try redis.publish("a")
        let busy = try await redis.consumer("busy")
        _ = try await busy.next()
        try redis.ask("XGROUP", "CREATECONSUMER", redis.stream, redis.group, "gone")
        func names() throws -> [String] {
            try redis.ask("XINFO", "CONSUMERS", redis.stream, redis.group).elements.compactMap { $0[1]?.text }
        }
        #expect(try names() == ["busy", "gone"])
        let consumer = try await redis.consumer("three") { $0.removesConsumersAfter = .zero }
        #expect(try names() == ["busy"])
        // It leaves no trace either, once it has nothing left.
        try redis.publish("b")
        try await consumer.settle(consumer.next(), .done)
        #expect(try names() == ["busy", "three"])
        await consumer.disconnect()
        #expect(try names() == ["busy"])
        await busy.disconnect()
        #expect(try names() == ["busy"])
    }
}
