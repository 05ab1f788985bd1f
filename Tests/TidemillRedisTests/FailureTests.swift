import Foundation
import TestSupport
import Testing
import Tidemill
import TidemillBroker

@testable import TidemillRedis

/// Servers that don't let one in, are not what was expected, go away, hang, or lose what they had.
@Suite(.ownThreads, .timeLimit(.minutes(2)))
struct FailureTests {
    @Test func nobodyListens() async throws {
        let redis = try await RedisFixture()
        await redis.process.stop()
        let error = await brokerError { _ = try await redis.consumer() }
        #expect(error?.kind == .unreachable)
        #expect(error?.message == "redis at 127.0.0.1:\(redis.process.port): can't connect: Connection refused")
    }

    @Test func noSuchHost() async throws {
        let redis = try await RedisFixture()
        let error = await brokerError {
            _ = try await redis.consumer { $0.server.address = .network(host: "no-such-host.invalid", port: 1) }
        }
        #expect(error?.kind == .unreachable)
        #expect(error?.message.hasPrefix("redis at no-such-host.invalid:1: no such host") ?? false)
    }

    @Test func whoMustLogIn() async throws {
        let redis = try await RedisFixture(["--requirepass", "secret"])
        let missing = await brokerError { _ = try await redis.consumer() }
        #expect(missing?.kind == .refused)
        #expect(missing?.message.contains("NOAUTH") ?? false)
        let wrong = await brokerError { _ = try await redis.consumer { $0.server.password = "wrong" } }
        #expect(wrong?.kind == .refused)
        #expect(wrong?.message.contains("WRONGPASS") ?? false)
        #expect(!(wrong?.message.contains("wrong\"") ?? true))
        let folder = try Folder()
        try folder.write("secret\n", to: "password")
        let consumer = try await redis.consumer { $0.server.passwordFile = folder.file("password").path }
        // Read anew by each connection.
        try folder.write("wrong", to: "password")
        #expect(await brokerError { try await consumer.connect() }?.kind == .refused)
    }

    @Test func aPasswordThatNobodyAskedFor() async throws {
        let redis = try await RedisFixture()
        let error = await brokerError { _ = try await redis.consumer { $0.server.password = "secret" } }
        #expect(error?.kind == .refused)
        #expect(error?.message.contains("leave \"password\" out") ?? false)
    }

    @Test func aUserWithRightsToTheStreamAlone() async throws {
        let redis = try await RedisFixture()
        try redis.publish("a")
        try redis.ask("ACL", "SETUSER", "tidy", "on", ">pw", "~orders", "~orders:*", "+@stream", "+@scripting", "+auth")
        let consumer = try await redis.consumer { ($0.server.user, $0.server.password) = ("tidy", "pw") }
        let messages = try await consumer.next()
        #expect(messages.map(\.body) == ["a"])
        #expect(try await consumer.extend(messages.map(\.lease)) == [])
        try await consumer.settle(messages, .giveUp(reason: "no"))
        #expect(try redis.length("orders:dead") == 1)
        await consumer.disconnect()
        try redis.ask("ACL", "SETUSER", "tidy", "-xgroup")
        let error = await brokerError { try await consumer.connect() }
        #expect(error?.kind == .refused)
        #expect(error?.message.contains("rights") ?? false)
    }

    @Test func aKeyThatIsNoStream() async throws {
        let redis = try await RedisFixture()
        try redis.ask("SET", redis.stream, "text")
        let error = await brokerError { _ = try await redis.consumer() }
        #expect(error?.kind == .misconfigured)
        #expect(error?.message.contains("WRONGTYPE") ?? false)
        #expect(error?.message.contains("making the group tidemill of the stream orders") ?? false)
    }

    @Test(arguments: ["FLUSHALL", "XGROUP"])
    func theGroupIsMadeAnewAndMissesNothing(way: String) async throws {
        let redis = try await RedisFixture()
        try redis.publish("old")
        let consumer = try await redis.consumer { $0.start = .newest }
        try redis.publish("a")
        let leases = try await consumer.next().map(\.lease)
        if way == "FLUSHALL" {
            try redis.ask("FLUSHALL")
        } else {
            try redis.ask("XGROUP", "DESTROY", redis.stream, redis.group)
        }
        for call in [
            { _ = try await consumer.next() }, { _ = try await consumer.extend(leases) },
        ] as [() async throws -> Void] {
            let error = await brokerError { try await call() }
            #expect(error?.kind == .unreachable)
            #expect(error?.message.contains("NOGROUP") ?? false)
        }
        await consumer.disconnect()
        // A stream that is made anew within a millisecond would give out the same ids again.
        try redis.ask("XADD", redis.stream, "9999999999999-0", "body", "b")
        try await consumer.connect()
        #expect(try await consumer.extend(leases) == (way == "FLUSHALL" ? [] : [0]))
        let bodies: [Bytes] = way == "FLUSHALL" ? ["b"] : ["a", "b"]
        #expect(try await consumer.next(exactly: bodies.count).map(\.body) == bodies)
    }

    /// What is on disk is still there: the entries, the group, and what is pending for whom.
    @Test(arguments: [SIGTERM, SIGKILL])
    func leasesSurviveTheServer(signal: Int32) async throws {
        let redis = try await RedisFixture(["--appendonly", "yes", "--appendfsync", "always"])
        let publisher = try await redis.publisher()
        _ = try await publisher.publish([OutgoingMessage("a"), OutgoingMessage("b"), OutgoingMessage("c")])
        let consumer = try await redis.consumer()
        let messages = try await consumer.next(exactly: 2)
        try await redis.process.restart(signal: signal)
        #expect(await brokerError { try await consumer.settle(messages, .done) }?.kind == .unreachable)
        await consumer.disconnect()
        try await consumer.connect()
        #expect(try await consumer.extend(messages.map(\.lease)) == [])
        try await consumer.settle([LeaseEnding(messages[0].lease, .done), LeaseEnding(messages[1].lease, .release)])
        let rest = try await consumer.next(exactly: 2)
        #expect(Set(rest.map(\.body)) == ["b", "c"])
        #expect(rest.map(\.deliveries) == [1, 1])
    }

    /// The server counts an answer as given even if the connection broke before it came.
    @Test func whatWasInALostAnswerComesFirst() async throws {
        let redis = try await RedisFixture()
        try redis.publish("a", "b", "c")
        let consumer = try await redis.consumer(lease: .seconds(3_600))
        try await consumer.settle(consumer.next(1), .again(after: .seconds(1_800), reason: "busy"))
        try redis.ask("XREADGROUP", "GROUP", redis.group, "one", "STREAMS", redis.stream, ">")
        try redis.publish("d")
        await consumer.disconnect()
        try await consumer.connect()
        let messages = try await consumer.next(exactly: 3)
        #expect(messages.map(\.body) == ["b", "c", "d"])
        #expect(try await consumer.extend(messages.map(\.lease)) == [])
        try await consumer.settle(messages, .done)
        #expect(try redis.pending() == 1)
    }

    @Test func aServerThatHangs() async throws {
        let redis = try await RedisFixture()
        let consumer = try await redis.consumer { $0.server.timeout = .milliseconds(200) }
        try redis.publish("a")
        let messages = try await consumer.next()
        redis.process.suspend()
        for call in [
            { _ = try await consumer.receive(upTo: 1, waiting: .seconds(5)) },
            { try await consumer.settle(messages, .done) },
        ] as [() async throws -> Void] {
            let error = await brokerError { try await call() }
            #expect(error?.kind == .unreachable)
            #expect(error?.message.contains("no answer within 0.2 seconds") ?? false)
        }
        redis.process.resume()
        await consumer.disconnect()
        try await consumer.connect()
        try await consumer.settle(messages, .done)
    }

    @Test func aServerThatIsSlowIsWaitedFor() async throws {
        let redis = try await RedisFixture()
        let consumer = try await redis.consumer()
        consumer.wake()
        #expect(try await consumer.receive(upTo: 1, waiting: .seconds(600)).isEmpty)
        redis.process.suspend()
        // Nothing comes in time; the answer is taken up by a later call.
        #expect(try await consumer.receive(upTo: 1, waiting: .milliseconds(50)).isEmpty)
        redis.process.resume()
        try redis.publish("a")
        #expect(try await consumer.next().map(\.body) == ["a"])
    }

    @Test func whatListensIsNotRedis() async throws {
        let redis = try await RedisFixture()
        let stranger = try Stranger(answer: "HTTP/1.1 400 Bad Request\r\n\r\n")
        let error = await brokerError {
            _ = try await redis.consumer { $0.server.address = .network(host: "127.0.0.1", port: stranger.port) }
        }
        #expect(error?.kind == .unreachable)
        #expect(error?.message.contains("not Redis' protocol") ?? false)
    }
}
