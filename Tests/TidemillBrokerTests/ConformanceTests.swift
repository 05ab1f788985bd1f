import Testing
import Tidemill
import TidemillBroker
import TidemillTesting

/// The suites for everybody's sources and sinks, on a broker that is known to be right.
@Suite(.timeLimit(.minutes(5))) struct ConformanceTests {
    @Test(arguments: SourceConformance.checks) func aSourceConforms(_ check: SourceConformance) async throws {
        try await check.run(on: MemoryFixture())
    }

    @Test(arguments: SinkConformance.checks) func aSinkConforms(_ check: SinkConformance) async throws {
        try await check.run(on: MemoryFixture())
    }
}

struct MemoryFixture: SourceFixture, SinkFixture {
    let broker = MemoryBroker()

    var leaseDuration: Duration? { broker.leaseDuration }

    func makeSource() async throws -> any Source { BrokerSource(MemoryConsumer(broker: broker)) }
    func makeSink() async throws -> any Sink { BrokerSink(MemoryPublisher(broker: broker)) }

    func publish(_ jobs: [Job]) async throws {
        for job in jobs { broker.publish(Bytes(try job.value.json()), key: job.key) }
    }

    func backlog() async throws -> Int { broker.count }

    func received() async throws -> [Job] {
        try broker.published.map { message in
            let headers = Value.table(message.headers.map { ($0.name, .string($0.value)) })
            return Job(try Value(json: message.body), key: message.key, metadata: .table([("headers", headers)]))
        }
    }

    func interrupt() async throws { broker.goAway() }
    func restore() async throws { broker.comeBack() }
}

extension MemoryFixture {
    var sourcePromises: SourcePromises { .all }
    var sinkPromises: SinkPromises { .all }
}
