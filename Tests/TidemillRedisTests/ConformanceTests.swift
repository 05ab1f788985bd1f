import Foundation
import TestSupport
import Testing
import Tidemill
import TidemillBroker
import TidemillTesting

@testable import TidemillRedis

/// The suites for everybody's sources and sinks, on a real server for each check.
@Suite(.ownThreads, .timeLimit(.minutes(5)))
struct ConformanceTests {
    @Test(arguments: SourceConformance.checks) func theSourceConforms(_ check: SourceConformance) async throws {
        try await check.run(on: try await StreamFixture())
    }

    @Test(arguments: SinkConformance.checks) func theSinkConforms(_ check: SinkConformance) async throws {
        try await check.run(on: try await StreamFixture())
    }
}

/// A server that keeps everything on disk, with a stream and its group.
private struct StreamFixture: SourceFixture, SinkFixture {
    private let redis: RedisFixture
    let leaseDuration: Duration? = .seconds(1)

    init() async throws {
        redis = try await RedisFixture(["--appendonly", "yes", "--appendfsync", "always"])
        try redis.ask("XGROUP", "CREATE", redis.stream, redis.group, "0", "MKSTREAM")
    }

    var sourcePromises: SourcePromises { .all }
    var sinkPromises: SinkPromises { .all }

    func makeSource() async throws -> any Source {
        // All of them are in one process, whose number is in the name that is the default.
        let name = "consumer-\(Int.random(in: 0 ... .max))"
        return BrokerSource(redis.unconnected(name, lease: .seconds(1)))
    }

    func makeSink() async throws -> any Sink {
        var settings = RedisPublisherSettings(redis.server, stream: redis.stream)
        settings.deduplicates = .seconds(600)
        return BrokerSink(RedisPublisher(settings))
    }

    func publish(_ jobs: [Job]) async throws {
        let publisher = try await redis.publisher()
        let messages = try jobs.enumerated().map { place, job in
            OutgoingMessage(id: "\(place)", body: Bytes(try job.value.json()), key: job.key, headers: [], job: job)
        }
        if let failure = try await publisher.publish(messages).values.first { throw failure }
    }

    /// What the group has not read and what it has pending; a server without either has no backlog that can be seen.
    func backlog() async throws -> Int {
        let group = try redis.ask("XINFO", "GROUPS", redis.stream)[0]
        guard let lag = group?.value(of: "lag")?.integer, let pending = group?.value(of: "pending")?.integer else {
            return .max
        }
        return lag + pending
    }

    func received() async throws -> [Job] {
        let consumer = try await redis.consumer("reader") { $0.group = "reader" }
        var jobs: [Job] = []
        while jobs.count < (try redis.length()) {
            for message in try await consumer.next() {
                let headers = Value.table(message.headers.map { ($0.name, .string($0.value)) })
                let metadata = Value.table([("headers", headers)])
                jobs.append(Job(try Value(json: message.body), key: message.key, metadata: metadata))
            }
        }
        try redis.ask("XGROUP", "DESTROY", redis.stream, "reader")
        return jobs
    }

    func interrupt() async throws { await redis.process.stop(signal: SIGKILL) }
    func restore() async throws { try await redis.process.start() }
}
