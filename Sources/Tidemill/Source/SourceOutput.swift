public import Logging
import Synchronization

/// Where a source sends its jobs.
///
/// It belongs to the source's task.
public final class SourceOutput {
    /// The source's name.
    public let name: String
    /// The pipeline's logger, with the source in its metadata.
    public let logger: Logger
    /// The pipeline's clock.
    public let clock: any PipelineClock
    /// Where all tasks of the pipeline run, if a test decides that.
    package let executor: (any TaskExecutor)?
    private let ledger: Ledger
    private let router: Router
    private let progress: SourceProgress
    private let timeToLive: Int?
    private let portion = Batch<Delivery>()

    init(
        name: String,
        logger: Logger,
        clock: any PipelineClock,
        executor: (any TaskExecutor)?,
        ledger: Ledger,
        router: Router,
        progress: SourceProgress,
        timeToLive: Duration?
    ) {
        self.name = name
        self.logger = logger
        self.clock = clock
        self.executor = executor
        self.ledger = ledger
        self.router = router
        self.progress = progress
        self.timeToLive = timeToLive?.nanoseconds
    }

    /// Sends every job of the batch, which is empty afterwards; waits while there is no room.
    ///
    /// The cancellation of the source's task does not end the wait: that only asks the source to bring no more.
    ///
    /// - Throws: `CancellationError` when the pipeline was cancelled; what was not sent is settled as cancelled.
    public func send(_ batch: inout JobBatch) async throws {
        let deliveries = batch.deliveries
        var sent = 0
        while !deliveries.isEmpty {
            let opened = ledger.open(
                deliveries,
                receipts: Array(batch.receipts.dropFirst(sent)),
                contexts: Array(batch.contexts.dropFirst(sent)),
                at: clock.now.nanoseconds,
                timeToLive: timeToLive
            )
            if opened == 0 {
                await ledger.waitForRoom()
                continue
            }
            router.tally.taken.add(opened)
            router.tally.received.add(opened)
            sent += opened
            if opened == deliveries.count {
                await router.send(deliveries, to: 0)
            } else {
                portion.append(moving: opened, from: deliveries)
                await router.send(portion, to: 0)
            }
        }
        batch.receipts.removeAll(keepingCapacity: true)
        batch.contexts.removeAll(keepingCapacity: true)
        if router.isCancelled { throw CancellationError() }
    }

    /// Sends one job.
    ///
    /// `context` says how long the message may take, and can withdraw it; it belongs to this message alone.
    /// `acknowledge` is called once, on any thread, with the worst outcome of all jobs made of it.
    ///
    /// - Throws: `CancellationError` when the pipeline was cancelled.
    public func send(
        _ job: Job,
        context: MessageContext? = nil,
        acknowledge: (@Sendable (Outcome) -> Void)? = nil
    ) async throws {
        var batch = JobBatch()
        batch.append(job, context: context, acknowledge: acknowledge)
        try await send(&batch)
    }

    /// Sends one value as a job.
    ///
    /// - Throws: `CancellationError` when the pipeline was cancelled.
    public func send(_ value: Value) async throws {
        try await send(Job(value))
    }

    /// Takes in a message that can't be a job (a bad line): it fails here, and goes where the source's policy says.
    ///
    /// `acknowledge` is called once, on any thread, with what became of it.
    ///
    /// - Throws: `CancellationError` when the pipeline was cancelled.
    public func fail(
        _ job: Job,
        _ failure: JobFailure,
        acknowledge: (@Sendable (Outcome) -> Void)? = nil
    ) async throws {
        try await fail(job, failure, MessageReceipt(acknowledge))
    }

    /// Takes in a message that can't be a job, as ``fail(_:_:acknowledge:)`` does; `observer` hears what becomes of it.
    ///
    /// - Throws: `CancellationError` when the pipeline was cancelled.
    public func fail(_ job: Job, _ failure: JobFailure, observer: any MessageObserver) async throws {
        try await fail(job, failure, .observer(observer))
    }

    private func fail(_ job: Job, _ failure: JobFailure, _ receipt: MessageReceipt?) async throws {
        portion.append(Delivery(job, ticket: Ticket(source: 0, sequence: 0)))
        while ledger.open(portion, receipts: [receipt], at: clock.now.nanoseconds) == 0 {
            await ledger.waitForRoom()
        }
        router.tally.taken.add(1)
        router.tally.received.add(1)
        let results = BatchResults(ports: 1)
        if let delivery = portion.popFirst() { results.fail(delivery, failure) }
        await router.forward(results)
        if router.isCancelled { throw CancellationError() }
    }

    /// How many messages it makes sense to have at hand at most: as many as fit into the channels that it sends into,
    /// and one for each worker behind them.
    public var room: Int { router.room }

    /// How many messages it has sent so far, those that failed here included.
    public var sentCount: UInt64 { ledger.opened }

    /// How many of them, counted from the first without a gap, are settled for good: a source that can go back to a
    /// place resumes behind these.
    public var settledCount: UInt64 { ledger.settledPrefix }

    /// Says how far the source is, in units of its own (bytes, files, jobs), and of how much if it knows.
    public func report(done: Int64, of total: Int64?) {
        progress.done.store(done, ordering: .relaxed)
        progress.total.store(total ?? -1, ordering: .relaxed)
    }
}

/// How far a source is; -1 stands for a total that it doesn't know.
final class SourceProgress: Sendable {
    let done = Atomic<Int64>(0)
    let total = Atomic<Int64>(-1)
}
