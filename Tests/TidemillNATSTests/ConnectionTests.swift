import Foundation
import TestSupport
import Testing
import Tidemill
import TidemillBroker
import TidemillTesting

@testable import TidemillNATS

/// What comes of servers that are not there, won't have us, or go away.
@Suite(.timeLimit(.minutes(2)))
struct ConnectionTests {
    @Test func aServerThatIsNotThereIsUnreachable() async throws {
        let server = try JetStreamServer()
        let error = try await problem { try await server.consumer().connect() }
        #expect(error.kind == .unreachable)
        #expect(error.message.contains("no server answers") && error.message.contains("\(server.server.port)"))
    }

    @Test func aMissingStreamIsNamed() async throws {
        let server = try await JetStreamServer.start()
        let error = try await problem { try await server.consumer { $0.stream.creation = nil }.connect() }
        #expect(error.kind == .misconfigured)
        #expect(error.message.contains("find the stream \"S\"") && error.message.contains("no such stream"))
    }

    @Test func aServerWithoutJetStreamIsNamed() async throws {
        let server = try LoopbackServer(
            "nats-server",
            ["-a", "127.0.0.1", "-p", "{port}"],
            ready: "Server is ready",
            logsToErrors: true
        )
        try await server.start()
        let endpoint = NATSEndpoint(urls: ["nats://127.0.0.1:\(server.port)"])
        let settings = NATSConsumer.Settings(endpoint: endpoint, stream: NATSStream("S"), consumer: "c")
        let error = try await problem { try await NATSConsumer(settings).connect() }
        #expect(error.message.contains("nobody answers for JetStream"), "\(error.message)")
    }

    @Test func aConsumerThatIsOtherThanTheConfigurationSaysIsNamed() async throws {
        let server = try await JetStreamServer.start()
        await server.consumer { $0.ackWait = .seconds(10) }.connectAndDisconnect()
        let other = try await problem { try await server.consumer { $0.ackWait = .seconds(20) }.connect() }
        #expect(other.kind == .misconfigured)
        #expect(other.message.contains("ack wait is 10"), "\(other.message)")
        let filtered = try await problem { try await server.consumer { $0.subject = "s.a" }.connect() }
        #expect(filtered.message.contains("every subject"), "\(filtered.message)")
        let adopting = try await server.connectedConsumer()
        #expect(adopting.leaseDuration == .seconds(10))
    }

    @Test func aLostServerIsNoticedAtOnceAndTheLeaseOutlivesIt() async throws {
        let server = try await JetStreamServer.start()
        let consumer = try await server.connectedConsumer()
        try server.admin.publish(["a", "b"], to: "s.a")
        let messages = try await consumer.receiveAll(2)
        let threads = ThreadPool(name: "waiting", count: 1)
        defer { threads.stop() }
        let waiting = Task(executorPreference: threads) { try await consumer.receive(upTo: 5, waiting: .seconds(60)) }
        // In order, so that it knows afterwards what it has delivered.
        await server.server.stop()
        let start = ContinuousClock.now
        let receiving = try await problem { _ = try await waiting.value }
        #expect(receiving.kind == .unreachable)
        let settling = try await problem { try await consumer.settle([LeaseEnding(messages[0].lease, .done)]) }
        #expect(settling.kind == .unreachable)
        #expect(ContinuousClock.now - start < .seconds(5))
        await consumer.disconnect()

        try await server.server.start()
        try await consumer.connect()
        try await consumer.settle(messages.map { LeaseEnding($0.lease, .done) })
        let admin = try server.admin
        try await eventually("both are done") { try admin.standing().backlog == 0 }
    }

    @Test func aServerThatHangsIsSlowAndThenUnreachable() async throws {
        let server = try await JetStreamServer.start()
        let consumer = try await server.connectedConsumer()
        try server.admin.publish(["a"], to: "s.a")
        let message = try #require(try await consumer.receiveAll(1).first)
        server.server.suspend()
        #expect(try await consumer.receive(upTo: 1, waiting: .milliseconds(200)).isEmpty)
        let error = try await problem { try await consumer.settle([LeaseEnding(message.lease, .done)]) }
        #expect(error.kind == .unreachable)
        server.server.resume()
        await consumer.disconnect()
        try await consumer.connect()
        try await consumer.settle([LeaseEnding(message.lease, .done)])
        let admin = try server.admin
        try await eventually("it is done") { try admin.standing().backlog == 0 }
    }

    @Test func callsWithoutAConnectionSaySo() async throws {
        let server = try JetStreamServer()
        let error = try await problem { _ = try await server.consumer().receive(upTo: 1, waiting: .zero) }
        #expect(error.kind == .unreachable && error.message.contains("not connected"))
    }
}

extension NATSConsumer {
    func connectAndDisconnect() async {
        try? await connect()
        await disconnect()
    }
}
