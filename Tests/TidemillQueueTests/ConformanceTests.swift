import Testing
import Tidemill
import TidemillBroker
import TidemillTesting
import TidemillValue

@testable import TidemillQueue

/// The suites for everybody's sources and sinks, on queue files.
@Suite(.timeLimit(.minutes(5)))
struct ConformanceTests {
    @Test(arguments: SourceConformance.checks) func aSourceConforms(_ check: SourceConformance) async throws {
        try await check.run(on: try QueueFixture())
    }

    @Test(arguments: SinkConformance.checks) func aSinkConforms(_ check: SinkConformance) async throws {
        try await check.run(on: try QueueFixture())
    }
}

/// A queue file; another process that keeps it locked stands for a broker that is away.
private final class QueueFixture: SourceFixture, SinkFixture {
    private let file = try? QueueFile()
    private let lock = Locker()
    let sourcePromises = SourcePromises.all
    let sinkPromises = SinkPromises.all
    let leaseDuration: Duration? = .milliseconds(600)

    init() throws { try store.open() }

    private var store: QueueStore {
        get throws {
            guard let file else { throw BrokerError(.misconfigured, "no folder") }
            return file.store
        }
    }

    /// With the real clock, as another process would have it.
    private func another() throws -> QueueStore { QueueStore(try store.path, busyTimeout: .milliseconds(200)) }

    func makeSource() async throws -> any Source {
        let settings = QueueConsumer.Settings(queue: "q", leaseDuration: leaseDuration ?? .zero)
        return BrokerSource(QueueConsumer(try another(), settings))
    }

    func makeSink() async throws -> any Sink {
        BrokerSink(QueuePublisher(try another(), QueuePublisher.Settings(queue: "q")))
    }

    func publish(_ jobs: [Job]) async throws {
        let messages = try jobs.map { NewMessage(Bytes(try $0.value.json()), key: $0.key) }
        _ = try another().enqueue(messages, to: "q")
    }

    func backlog() async throws -> Int { try store.messages(of: "q").count }

    func received() async throws -> [Job] {
        try store.messages(of: "q").map { message in
            let headers = Value.table(MessageHeaders.decode(message.headers).map { ($0.name, .string($0.value)) })
            return Job(try Value(json: message.body), key: message.key, metadata: .table([("headers", headers)]))
        }
    }

    func interrupt() async throws { try lock.hold(try store.path) }
    func restore() async throws { try lock.release() }
}
