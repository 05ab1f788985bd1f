import Logging
import Synchronization
public import Tidemill
import Tracing

/// A source of messages that a broker gives on lease, whatever broker it is.
///
/// It takes no more messages than the stage behind it has room for, ends a message's lease when all jobs made of it
/// have an outcome, extends it while they have none, and withdraws the message when the lease is lost. A connection
/// that breaks is made anew, for as long as it takes.
public final class BrokerSource<Consumer: BrokerConsumer>: Source {
    private let consumer: Consumer
    private let settings: BrokerSourceSettings
    private let makeJob: (@Sendable (BrokerMessage<Consumer.Lease>) throws(JobFailure) -> Job)?
    private let session = Mutex<Session?>(nil)

    /// What one run has.
    private struct Session: Sendable {
        let connection: BrokerConnection
        let settlement: Settlement<Consumer>
        let threads: ThreadPool?
        let settling: Task<Void, Never>
    }

    /// A source of what a consumer receives.
    public init(_ consumer: Consumer, _ settings: BrokerSourceSettings = BrokerSourceSettings()) {
        self.consumer = consumer
        self.settings = settings
        makeJob = nil
    }

    /// A source whose messages hold whole jobs, which a closure makes of them in place of the settings' format.
    package init(
        _ consumer: Consumer,
        _ settings: BrokerSourceSettings,
        makeJob: @escaping @Sendable (BrokerMessage<Consumer.Lease>) throws(JobFailure) -> Job
    ) {
        self.consumer = consumer
        self.settings = settings
        self.makeJob = makeJob
    }

    /// As the consumer says.
    public var blocksItsThread: Bool { consumer.blocksItsThread }
    /// A message that is handed back comes again.
    public var takesJobsBack: Bool { true }

    /// Sends what the broker gives, until it is asked to stop.
    ///
    /// - Throws: ``BrokerError`` where the broker can't be used at the start.
    public func run(_ output: SourceOutput) async throws {
        let connection = BrokerConnection(client, clock: output.clock, logger: output.logger)
        try await connection.open(patience: settings.connectTimeout)
        let session = begin(connection, output)
        let prefetch = settings.prefetch ?? output.room
        while !Task.isCancelled {
            // Not for every single message that is settled: a call is worth some.
            await session.settlement.waitForRoom(limit: prefetch - max(prefetch / 4, 1))
            if Task.isCancelled { break }
            let room = prefetch - session.settlement.count
            guard let messages = try await receive(upTo: room, connection) else { continue }
            if messages.isEmpty, settings.stopsWhenEmpty, session.settlement.count == 0 { return }
            try await send(messages, session.settlement, output)
        }
    }

    /// Tells the broker how the last messages ended, and closes the connection.
    public func close(_ output: SourceOutput) async throws {
        let ended = session.withLock { session in
            defer { session = nil }
            return session
        }
        guard let ended else { return }
        ended.settlement.close()
        let clock = output.clock
        let limit = Task(executorPreference: output.executor) { [patience = settings.closeTimeout] in
            guard (try? await clock.sleep(for: patience)) != nil else { return }
            ended.settling.cancel()
        }
        await ended.settling.value
        limit.cancel()
        if ended.settlement.count > 0 {
            output.logger.warning(
                "the broker could not be told how messages ended: they come again",
                metadata: ["messages": "\(ended.settlement.count)"]
            )
        }
        await ended.connection.close()
        ended.threads?.stop()
    }

    private func begin(_ connection: BrokerConnection, _ output: SourceOutput) -> Session {
        let settlement = Settlement(
            consumer,
            connection,
            settings.deliveryPolicy,
            clock: output.clock,
            logger: output.logger
        )
        let needsThread = consumer.blocksItsThread && output.executor == nil
        let threads = needsThread ? ThreadPool(name: "\(output.name) leases", count: 1) : nil
        let settling = Task(executorPreference: output.executor ?? threads) { await settlement.run() }
        let begun = Session(connection: connection, settlement: settlement, threads: threads, settling: settling)
        session.withLock { $0 = begun }
        return begun
    }

    /// Receives; nil where the connection broke or the source was asked to stop.
    private func receive(upTo count: Int, _ connection: BrokerConnection) async throws -> [BrokerMessage<
        Consumer.Lease
    >]? {
        do {
            return try await withTaskCancellationHandler {
                try await connection.use { try await consumer.receive(upTo: count, waiting: settings.wait) }
            } onCancel: {
                consumer.wake()
            }
        } catch {
            return nil
        }
    }

    private func send(
        _ messages: [BrokerMessage<Consumer.Lease>],
        _ settlement: Settlement<Consumer>,
        _ output: SourceOutput
    ) async throws {
        let time = output.clock.now
        var batch = JobBatch()
        let (tracer, name) = (settings.tracer ?? InstrumentationSystem.tracer, "\(output.name) process")
        for var message in messages {
            let span = MessageSpan(&message, name: name, tracer: tracer)
            let leased = settlement.take(message, span, at: time)
            do {
                batch.append(try job(message), context: leased.context, observer: leased)
            } catch {
                if !batch.isEmpty { try await output.send(&batch) }
                try await output.fail(message.job(.string(message.body)), error, observer: leased)
            }
        }
        if !batch.isEmpty { try await output.send(&batch) }
    }

    private func job(_ message: BrokerMessage<Consumer.Lease>) throws(JobFailure) -> Job {
        if let most = settings.maxDeliveries, message.deliveries > most {
            throw JobFailure(
                .deliveries,
                "delivery \(message.deliveries) of a message that may have \(most)",
                advice: .never
            )
        }
        guard message.body.count <= settings.maxMessage else {
            let sizes = "the message has \(message.body.count) bytes, and \"max_message\" is \(settings.maxMessage)"
            throw JobFailure(.input, sizes, advice: .never)
        }
        if let makeJob { return try makeJob(message) }
        return message.job(try settings.format.value(of: message.body))
    }

    private var client: BrokerConnection.Client {
        let consumer = consumer
        return BrokerConnection.Client(
            connect: { try await consumer.connect() },
            disconnect: { await consumer.disconnect() },
            wake: { consumer.wake() },
            broke: { self.session.withLock { $0 }?.settlement.connectionBroke() }
        )
    }
}

extension JobFailure.Kind {
    /// A message was delivered more often than it may be.
    public static let deliveries = JobFailure.Kind(rawValue: "max_deliveries")
}

extension BrokerMessage {
    /// The job that the message is, with this value.
    func job(_ value: Value) -> Job { Job(value, key: key, metadata: .table(details + metadata)) }

    private var details: [(key: String, value: Value)] {
        var details: [(key: String, value: Value)] = [
            ("id", .string(Bytes(id))), ("deliveries", .integer(Int64(deliveries))),
        ]
        if let publishedAt { details.append(("published_at", .number(publishedAt))) }
        if !headers.isEmpty {
            details.append(("headers", .table(headers.map { ($0.name, .string($0.value)) })))
        }
        return details
    }
}
