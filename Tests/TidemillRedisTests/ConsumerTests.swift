import Foundation
import TestSupport
import Testing
import Tidemill
import TidemillBroker

@testable import TidemillRedis

/// What a consumer receives, and what becomes of it.
@Suite(.ownThreads, .timeLimit(.minutes(2)))
struct ConsumerTests {
    @Test func messagesHaveAllThatTheirEntriesHave() async throws {
        let redis = try await RedisFixture()
        try redis.ask("XADD", redis.stream, "1700000000123-4", "body", "{}", "key", "k", "trace", "t", "body", "2nd")
        try redis.ask("XADD", redis.stream, "*", "name", "Ada", "age", "36")
        let consumer = try await redis.consumer()
        let messages = try await consumer.next(exactly: 2)
        let first = try #require(messages.first)
        #expect(first.id == "1700000000123-4")
        #expect(first.body == "{}")
        #expect(first.key == "k")
        #expect(first.headers.map(\.name) == ["trace", "body"])
        #expect(first.headers.map(\.value) == ["t", "2nd"])
        #expect(first.publishedAt == 1_700_000_000.123)
        #expect(first.deliveries == 1)
        #expect(try Value(json: messages[1].body) == ["name": "Ada", "age": "36"])
    }

    @Test func fieldsMayHaveOtherNames() async throws {
        let redis = try await RedisFixture()
        try redis.ask("XADD", redis.stream, "*", "data", "x", "customer", "c")
        let consumer = try await redis.consumer { ($0.bodyField, $0.keyField) = ("data", "customer") }
        let message = try #require(try await consumer.next().first)
        #expect((message.body, message.key) == ("x", "c"))
    }

    @Test(arguments: [false, true])
    func doneMeansNeverAgain(deletes: Bool) async throws {
        let redis = try await RedisFixture()
        try redis.publish("a", "b", "c")
        let consumer = try await redis.consumer { $0.deletes = deletes }
        try await consumer.settle(consumer.next(exactly: 3), .done)
        #expect(try redis.pending() == 0)
        #expect(try redis.length() == (deletes ? 0 : 3))
        #expect(try await consumer.receive(upTo: 10, waiting: .milliseconds(20)).isEmpty)
    }

    @Test func noMoreThanAskedFor() async throws {
        let redis = try await RedisFixture()
        try redis.publish("a", "b", "c")
        let consumer = try await redis.consumer()
        #expect(try await consumer.next(2).map(\.body) == ["a", "b"])
        #expect(try await consumer.next(2).map(\.body) == ["c"])
    }

    @Test(arguments: [RedisConsumerSettings.Start.oldest, .newest])
    func aNewGroupBeginsWhereItIsTold(start: RedisConsumerSettings.Start) async throws {
        let redis = try await RedisFixture()
        try redis.publish("before")
        let consumer = try await redis.consumer { $0.start = start }
        try redis.publish("after")
        let messages = try await consumer.next(exactly: start == .oldest ? 2 : 1)
        #expect(messages.map(\.body) == (start == .oldest ? ["before", "after"] : ["after"]))
    }

    @Test func whatIsPublishedWhileItWaitsComesAtOnce() async throws {
        let redis = try await RedisFixture()
        let consumer = try await redis.consumer()
        async let received = consumer.next()
        try redis.publish("a")
        #expect(try await received.map(\.body) == ["a"])
    }

    @Test func aWaitIsCutShortAndItsAnswerNotLost() async throws {
        let redis = try await RedisFixture()
        let consumer = try await redis.consumer()
        consumer.wake()
        #expect(try await consumer.receive(upTo: 3, waiting: .seconds(600)).isEmpty)
        try redis.publish("a", "b", "c")
        // The question that asked for three is under way; this one asks for one.
        var bodies: [Bytes] = []
        while bodies.count < 3 {
            let messages = try await consumer.next(1)
            #expect(messages.count == 1)
            bodies += messages.map(\.body)
        }
        #expect(bodies == ["a", "b", "c"])
    }

    @Test func whatCameUnaskedIsGivenBackAtTheEnd() async throws {
        let redis = try await RedisFixture()
        let consumer = try await redis.consumer()
        consumer.wake()
        _ = try await consumer.receive(upTo: 3, waiting: .seconds(600))
        try redis.publish("a")
        await consumer.disconnect()
        let other = try await redis.consumer("two")
        let message = try #require(try await other.next().first)
        #expect((message.body, message.deliveries) == ("a", 1))
    }

    @Test func aHundredThousandBytesOfAnyKind() async throws {
        let redis = try await RedisFixture()
        let body = Bytes((0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        let publisher = try await redis.publisher()
        let headers = [(name: "h", value: Bytes([10]))]
        let message = OutgoingMessage(id: "1", body: body, key: Bytes([0, 255]), headers: headers, job: Job(0))
        #expect(try await publisher.publish([message]).isEmpty)
        let received = try #require(try await redis.consumer().next().first)
        #expect(received.body == body)
        #expect(received.key == Bytes([0, 255]))
        #expect(received.headers.first?.value == Bytes([10]))
    }

    @Test func aSocketInTheFileSystem() async throws {
        let redis = try await RedisFixture(["--unixsocket", "{folder}/redis.sock"])
        try redis.publish("a")
        let path = redis.process.folder.file("redis.sock").path
        let consumer = try await redis.consumer { $0.server.address = .socket(path: path) }
        #expect(try await consumer.next().map(\.body) == ["a"])
    }

    @Test func anotherDatabase() async throws {
        let redis = try await RedisFixture()
        let consumer = try await redis.consumer { $0.server.database = 3 }
        #expect(try redis.ask("EXISTS", redis.stream).integer == 0)
        var server = redis.server
        server.database = 3
        #expect(try redis.ask(["EXISTS", redis.stream], on: server).integer == 1)
        await consumer.disconnect()
    }
}
