import Synchronization
public import Tidemill
import TidemillValue

/// A sink that publishes to a broker, whatever broker it is.
///
/// Its jobs count as delivered when the broker has them. A connection that breaks is made anew, for as long as it
/// takes, and what was under way is published again with the same ids.
public final class BrokerSink<Publisher: BrokerPublisher>: Sink {
    private let publisher: Publisher
    private let settings: BrokerSinkSettings
    private let encode: @Sendable (Value) throws(JobFailure) -> Bytes
    private let connection = Mutex<BrokerConnection?>(nil)
    private let ids: MessageIDs

    /// A sink that publishes with a publisher.
    public convenience init(_ publisher: Publisher, _ settings: BrokerSinkSettings = BrokerSinkSettings()) {
        let format = settings.format
        self.init(publisher, settings) { value throws(JobFailure) in try format.body(of: value) }
    }

    /// A sink that makes bodies by a closure, in place of the settings' format.
    package init(
        _ publisher: Publisher,
        _ settings: BrokerSinkSettings,
        encode: @escaping @Sendable (Value) throws(JobFailure) -> Bytes
    ) {
        self.publisher = publisher
        self.settings = settings
        self.encode = encode
        ids = MessageIDs(settings.id)
    }

    /// As the publisher says.
    public var blocksItsThread: Bool { publisher.blocksItsThread }

    /// Connects.
    ///
    /// - Throws: ``BrokerError`` where the broker can't be used.
    public func open(_ context: SinkContext) async throws {
        let publisher = publisher
        let client = BrokerConnection.Client(
            connect: { try await publisher.connect() },
            disconnect: { await publisher.disconnect() },
            wake: {}
        )
        let connection = BrokerConnection(client, clock: context.clock, logger: context.logger)
        self.connection.withLock { $0 = connection }
        try await connection.open(patience: settings.connectTimeout)
    }

    /// Publishes the jobs that the format can express.
    ///
    /// - Throws: `CancellationError` where the pipeline is cancelled while the broker can't be reached.
    public func write(_ batch: borrowing SinkBatch) async throws {
        var (messages, places): ([OutgoingMessage], [Int]) = ([], [])
        for index in 0..<batch.count {
            do {
                messages.append(try message(batch[index]))
                places.append(index)
            } catch {
                batch.fail(index, error)
            }
        }
        if messages.isEmpty { return }
        for (place, failure) in try await publish(messages) { batch.fail(places[place], failure) }
    }

    /// Closes the connection.
    public func close() async throws { await connection.withLock { $0 }?.close() }

    private func publish(_ messages: [OutgoingMessage]) async throws -> [Int: JobFailure] {
        guard let connection = connection.withLock({ $0 }) else { throw BrokerError(.unreachable, "it was not opened") }
        while true {
            do {
                return try await connection.use { try await publisher.publish(messages) }
            } catch {
                if error is CancellationError || Task.isCancelled { throw CancellationError() }
            }
        }
    }

    private func message(_ job: Job) throws(JobFailure) -> OutgoingMessage {
        let body = try encode(job.value)
        guard body.count <= settings.maxMessage else {
            let sizes = "the message would have \(body.count) bytes, and \"max_message\" is \(settings.maxMessage)"
            throw JobFailure(.sink, sizes, advice: .never)
        }
        let id = try ids.id(of: job)
        return OutgoingMessage(id: id, body: body, key: job.key, headers: headers(job), job: job)
    }

    private func headers(_ job: Job) -> [(name: String, value: Bytes)] {
        guard let fields = job.metadata["headers"]?.fields else { return [] }
        return fields.compactMap { field in field.value.bytes.map { (field.key, $0) } }
    }
}
