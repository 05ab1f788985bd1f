import Tidemill
import TidemillBroker

/// The sink of a ``QueueLink``, whose end is the channel's.
final class LinkSink: Sink {
    private let sink: BrokerSink<LinkPublisher>
    private let ending: LinkEnding

    init(_ sink: BrokerSink<LinkPublisher>, _ ending: LinkEnding) {
        self.sink = sink
        self.ending = ending
    }

    var blocksItsThread: Bool { sink.blocksItsThread }

    func open(_ context: SinkContext) async throws { try await sink.open(context) }

    func write(_ batch: borrowing SinkBatch) async throws { try await sink.write(batch) }

    func close() async throws {
        defer { ending.close() }
        try await sink.close()
    }
}

/// Keeps whole jobs.
final class LinkPublisher: BrokerPublisher {
    private let store: QueueStore
    private let queue: String

    init(_ store: QueueStore, _ queue: String) {
        self.store = store
        self.queue = queue
    }

    func connect() async throws { try store.open() }

    func publish(_ messages: [OutgoingMessage]) async throws -> [Int: JobFailure] {
        _ = try store.enqueue(messages.map(LinkJob.message), to: queue)
        return [:]
    }

    func disconnect() async {}
}
