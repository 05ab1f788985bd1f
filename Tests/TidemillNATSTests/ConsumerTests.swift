import Foundation
import TestSupport
import Testing
import Tidemill
import TidemillBroker

@testable import TidemillNATS

/// What a consumer does at a real server.
@Suite(.timeLimit(.minutes(2)))
struct ConsumerTests {
    @Test func messagesComeWithAllThatIsKnownOfThem() async throws {
        let server = try await JetStreamServer.start()
        let consumer = try await server.connectedConsumer()
        let publisher = try await server.connectedPublisher("s.{region}")
        let before = Date().timeIntervalSince1970
        let headers: [(name: String, value: Bytes)] = [("Trace", "t1"), ("Trace", "t2"), ("Größe", "ignored")]
        let sent = OutgoingMessage(
            "hello",
            id: "one",
            key: "k1",
            headers: Array(headers.prefix(2)),
            metadata: ["region": "eu"]
        )
        #expect(try await publisher.publish([sent]).isEmpty)
        let message = try #require(try await consumer.receiveAll(1).first)
        #expect(message.body == "hello")
        #expect(message.id == "S:1")
        #expect(message.key == "k1")
        #expect(message.deliveries == 1)
        let published = try #require(message.publishedAt)
        #expect(published >= before - 1 && published <= Date().timeIntervalSince1970 + 1)
        let received = message.headers.map { "\($0.name): \($0.value)" }
        #expect(received == ["Nats-Msg-Id: one", "Tidemill-Key: k1", "Trace: t1", "Trace: t2"])
        let metadata = Dictionary(uniqueKeysWithValues: message.metadata.map { ($0.key, $0.value) })
        #expect(metadata == ["subject": "s.eu", "stream": "S", "sequence": 1, "consumer": "c"])
    }

    @Test func bodiesAreAnyBytes() async throws {
        let server = try await JetStreamServer.start()
        let consumer = try await server.connectedConsumer()
        let publisher = try await server.connectedPublisher()
        let bodies = ["", "\0", "\u{0}a\r\nb\u{0}", String(repeating: "x", count: 200_000)]
        let messages = bodies.enumerated().map { OutgoingMessage($1, id: "\($0)") }
        #expect(try await publisher.publish(messages).isEmpty)
        #expect(try await consumer.receiveAll(4).map { String($0.body) } == bodies)
    }

    @Test func theSubjectCanBeTheKey() async throws {
        let server = try await JetStreamServer.start()
        let consumer = try await server.connectedConsumer { $0.keyHeader = nil }
        try server.admin.publish(["x"], to: "s.blue")
        #expect(try await consumer.receiveAll(1).first?.key == "s.blue")
    }

    @Test func aMessageThatIsDoneNeverComesAgain() async throws {
        let server = try await JetStreamServer.start()
        let consumer = try await server.connectedConsumer { $0.ackWait = .milliseconds(300) }
        let admin = try server.admin
        try admin.publish(["a", "b"], to: "s.a")
        let messages = try await consumer.receiveAll(2)
        #expect(try admin.standing() == .init(undelivered: 0, unanswered: 2))
        try await consumer.settle([LeaseEnding(messages[0].lease, .done)])
        try await eventually("the first is done") { try admin.standing().unanswered == 1 }
        // The other one, whose lease ends, comes again; the first does not.
        let again = try await consumer.receiveAll(1)
        #expect(again.map(\.id) == ["S:2"])
        #expect(again.first?.deliveries == 2)
        try await consumer.settle([LeaseEnding(again[0].lease, .done), LeaseEnding(messages[0].lease, .done)])
        #expect(try await consumer.isQuiet(for: .milliseconds(600)))
        #expect(try admin.standing().backlog == 0)
    }

    @Test func aMessageThatFailedComesAgainAfterItsDelay() async throws {
        let server = try await JetStreamServer.start()
        let consumer = try await server.connectedConsumer()
        try server.admin.publish(["a"], to: "s.a")
        let first = try await consumer.receiveAll(1)
        let settled = ContinuousClock.now
        try await consumer.settle([LeaseEnding(first[0].lease, .again(after: .milliseconds(700), reason: "no"))])
        let second = try await consumer.receiveAll(1)
        #expect(ContinuousClock.now - settled >= .milliseconds(690))
        #expect(second.first?.deliveries == 2)
    }

    @Test(arguments: [LeaseEnding<NATSLease>.Verdict.release, .again(after: .zero, reason: "no")])
    func aMessageThatIsReleasedComesAgainAtOnce(verdict: LeaseEnding<NATSLease>.Verdict) async throws {
        let server = try await JetStreamServer.start()
        let consumer = try await server.connectedConsumer()
        try server.admin.publish(["a"], to: "s.a")
        let first = try await consumer.receiveAll(1)
        let settled = ContinuousClock.now
        try await consumer.settle([LeaseEnding(first[0].lease, verdict)])
        #expect(try await consumer.receiveAll(1).first?.deliveries == 2)
        #expect(ContinuousClock.now - settled < .seconds(5), "the ack wait is 30 s")
    }

    @Test func aMessageThatIsGivenUpNeverComesAgainAndStaysInTheStream() async throws {
        let server = try await JetStreamServer.start()
        let consumer = try await server.connectedConsumer { $0.ackWait = .milliseconds(200) }
        let admin = try server.admin
        try admin.publish(["a"], to: "s.a")
        let first = try await consumer.receiveAll(1)
        try await consumer.settle([LeaseEnding(first[0].lease, .giveUp(reason: "bad"))])
        #expect(try await consumer.isQuiet(for: .milliseconds(500)))
        #expect(try admin.standing().backlog == 0)
        #expect(try admin.count() == 1)
    }

    @Test func aLeaseThatIsExtendedLastsAndOneThatIsNotIsLost() async throws {
        let server = try await JetStreamServer.start()
        let consumer = try await server.connectedConsumer { $0.ackWait = .milliseconds(600) }
        try server.admin.publish(["a"], to: "s.a")
        let message = try #require(try await consumer.receiveAll(1).first)
        let start = ContinuousClock.now
        // Each wait for messages is a good part of the lease, so that three of them are more than all of it.
        while ContinuousClock.now - start < .milliseconds(1_500) {
            #expect(try await consumer.extend([message.lease]).isEmpty)
            #expect(try await consumer.isQuiet(for: .milliseconds(250)), "it was given to somebody else")
        }
        #expect(try await consumer.receiveAll(1).first?.deliveries == 2)
    }

    @Test func aWaitingCallReturnsSoonWhenItIsWoken() async throws {
        let server = try await JetStreamServer.start()
        let consumer = try await server.connectedConsumer()
        let threads = ThreadPool(name: "waiting", count: 1)
        defer { threads.stop() }
        let start = ContinuousClock.now
        let waiting = Task(executorPreference: threads) { try await consumer.receive(upTo: 5, waiting: .seconds(60)) }
        let admin = try server.admin
        try await eventually("it waits") { try admin.waitingRequests() > 0 }
        consumer.wake()
        #expect(try await waiting.value.isEmpty)
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    @Test func oneThatComesAloneIsNotKeptWaitingForOthers() async throws {
        let server = try await JetStreamServer.start()
        let consumer = try await server.connectedConsumer()
        let threads = ThreadPool(name: "waiting", count: 1)
        defer { threads.stop() }
        let admin = try server.admin
        let waiting = Task(executorPreference: threads) { try await consumer.receive(upTo: 100, waiting: .seconds(60)) }
        try await eventually("it waits") { try admin.waitingRequests() > 0 }
        let start = ContinuousClock.now
        try admin.publish(["a"], to: "s.a")
        #expect(try await waiting.value.count == 1)
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    @Test func consumersOfOneNameShareItsMessages() async throws {
        let server = try await JetStreamServer.start()
        let consumers = [try await server.connectedConsumer(), try await server.connectedConsumer()]
        try server.admin.publish((0..<200).map(String.init), to: "s.a")
        var seen: [String] = []
        for round in 0..<10 {
            let messages = try await consumers[round % 2].receive(upTo: 20, waiting: .seconds(5))
            seen += messages.map { String($0.body) }
            try await consumers[(round + 1) % 2].settle(messages.map { LeaseEnding($0.lease, .done) })
        }
        #expect(seen.sorted() == (0..<200).map(String.init).sorted())
        let admin = try server.admin
        try await eventually("all is done") { try admin.standing().backlog == 0 }
    }

    @Test func onlyItsSubjectsCome() async throws {
        let server = try await JetStreamServer.start()
        let consumer = try await server.connectedConsumer { $0.subject = "s.*.new" }
        let admin = try server.admin
        try admin.publish(["no"], to: "s.a")
        try admin.publish(["yes"], to: "s.a.new")
        #expect(try await consumer.receiveAll(1).first?.body == "yes")
        #expect(try await consumer.isQuiet())
    }
}
