import Foundation
import TestSupport
import Testing
import Tidemill
import TidemillBroker
import TidemillTesting

@testable import TidemillNATS

/// The suites for everybody's sources and sinks, on a real server for each check.
@Suite(.timeLimit(.minutes(5)))
struct ConformanceTests {
    @Test(arguments: SourceConformance.checks) func theSourceConforms(_ check: SourceConformance) async throws {
        try await check.run(on: try await NATSFixture())
    }

    @Test(arguments: SinkConformance.checks) func theSinkConforms(_ check: SinkConformance) async throws {
        try await check.run(on: try await NATSFixture())
    }
}

/// A server with the stream S.
struct NATSFixture: SourceFixture, SinkFixture {
    private let server: JetStreamServer

    init() async throws {
        server = try await JetStreamServer.start()
        try server.admin.addStream("S", ["s.>"])
        // The backlog is that of the consumer, which is there from the start.
        await server.consumer(Self.change).connectAndDisconnect()
    }

    var sourcePromises: SourcePromises { .all }
    var sinkPromises: SinkPromises { .all }
    var leaseDuration: Duration? { .seconds(1) }

    private static func change(_ settings: inout NATSConsumer.Settings) { settings.ackWait = .seconds(1) }

    func makeSource() async throws -> any Source { NATSSource(server.consumer(Self.change)) }

    func makeSink() async throws -> any Sink {
        NATSSink(NATSPublisher(try NATSPublisher.Settings(endpoint: server.endpoint, subject: "s.a")))
    }

    func publish(_ jobs: [Job]) async throws {
        let publisher = try await server.connectedPublisher()
        let messages = try jobs.enumerated().map { place, job in
            let body = Bytes(try job.value.json())
            let id = "\(place)-\(Int.random(in: 0 ... .max))"
            return OutgoingMessage(id: id, body: body, key: job.key, headers: [], job: job)
        }
        let failures = try await publisher.publish(messages)
        await publisher.disconnect()
        if let failure = failures.values.first { throw failure }
    }

    func backlog() async throws -> Int { try server.admin.standing().backlog }

    func received() async throws -> [Job] {
        let count = try server.admin.count()
        let consumer = try await server.connectedConsumer { $0.consumer = "reader\(Int.random(in: 0 ... .max))" }
        let messages = count == 0 ? [] : try await consumer.receiveAll(count)
        await consumer.disconnect()
        return try messages.map { message in
            let headers = Value.table(message.headers.map { ($0.name, .string($0.value)) })
            return Job(try Value(json: message.body), key: message.key, metadata: .table([("headers", headers)]))
        }
    }

    func interrupt() async throws { await server.server.stop(signal: SIGKILL) }
    func restore() async throws { try await server.server.start() }
}
