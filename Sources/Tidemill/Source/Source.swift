/// Where jobs come from: a file, a queue, an `AsyncSequence`, a closure.
///
/// A source sends until there is no more or until its task is cancelled, which is how it is asked to stop: what it
/// has sent by then is still processed. A `CancellationError` that it throws then is a normal end; any other error
/// fails the pipeline.
public protocol Source: Sendable {
    /// Whether ``run(_:)`` makes blocking system calls, and so gets a thread of its own. Default: false.
    var blocksItsThread: Bool { get }

    /// Whether a message that is handed back comes again, so that rejecting a failed job loses nothing. Default: false.
    var takesJobsBack: Bool { get }

    /// Sends everything there is.
    func run(_ output: SourceOutput) async throws

    /// Called once at the end of the pipeline, when every message has an outcome, also where the source or the
    /// pipeline failed: the time to write down how far it came (``SourceOutput/settledCount``).
    func close(_ output: SourceOutput) async throws
}

extension Source {
    /// Runs with the other sources, on Swift's own threads.
    public var blocksItsThread: Bool { false }
    /// It reads on and never back.
    public var takesJobsBack: Bool { false }
    /// Nothing to write down.
    public func close(_ output: SourceOutput) async throws {}
}

/// Jobs on their way from a source into the pipeline.
///
/// It belongs to the task that fills it.
public struct JobBatch: ~Copyable {
    package let deliveries = Batch<Delivery>(capacity: 64)
    /// Who hears of each message, by place; filled up only where a message has one.
    package var receipts: [MessageReceipt?] = []
    /// The context of each message, by place; filled up only where a message has one.
    package var contexts: [MessageContext?] = []

    /// An empty batch.
    public init() {}

    /// How many jobs are in it.
    public var count: Int { deliveries.count }

    /// Whether there are none.
    public var isEmpty: Bool { deliveries.isEmpty }

    /// Adds a job with nothing but a value.
    public mutating func append(_ value: consuming Value) {
        deliveries.append(Delivery(Job(value: value, details: nil), ticket: Ticket(source: 0, sequence: 0)))
    }

    /// Adds a job.
    ///
    /// `context` says how long the message may take, and can withdraw it; it belongs to this message alone.
    /// `acknowledge` is called once, on any thread, with the worst outcome of all jobs made of it.
    public mutating func append(
        _ job: Job,
        context: MessageContext? = nil,
        acknowledge: (@Sendable (Outcome) -> Void)? = nil
    ) {
        append(job, context, MessageReceipt(acknowledge))
    }

    /// Adds a job; `observer` hears what becomes of it.
    ///
    /// `context` says how long the message may take, and can withdraw it; it belongs to this message alone.
    public mutating func append(_ job: Job, context: MessageContext? = nil, observer: any MessageObserver) {
        append(job, context, .observer(observer))
    }

    private mutating func append(_ job: Job, _ context: MessageContext?, _ receipt: MessageReceipt?) {
        if let context {
            while contexts.count < count { contexts.append(nil) }
            contexts.append(context)
        }
        if let receipt {
            while receipts.count < count { receipts.append(nil) }
            receipts.append(receipt)
        }
        deliveries.append(Delivery(job.withoutFailure, ticket: Ticket(source: 0, sequence: 0)))
    }
}
