public import Logging

/// What a Swift handler knows of the job at hand, and how it gives more than one result.
///
/// One belongs to one worker.
public final class JobContext {
    /// The worker that the handler works for.
    public let worker: WorkerContext
    private(set) var emitted: [(port: Int, job: Job)] = []
    private(set) var ticket = Ticket(source: 0, sequence: 0)
    private(set) var job = Job(.null)
    private var details: JobDetails?

    init(worker: WorkerContext) { self.worker = worker }

    /// Which attempt at the job this is, counted from 1.
    public private(set) var attempt = 1

    /// How long the job has left by its deadline; nil without one.
    public var remaining: Duration? { worker.remaining(ticket, details) }

    /// The job's identity: the same for all jobs made of one message.
    public var jobID: String { worker.jobID(ticket) }

    /// Gives one more job to the nodes that read `port`, or the stage itself if it names none.
    ///
    /// It goes on when the handler has returned, and not at all if the handler fails.
    ///
    /// - Throws: when no node reads that port.
    public func emit(_ job: Job, to port: String? = nil) throws {
        guard let index = worker.ports.firstIndex(of: port ?? "") else {
            throw JobFailure(.handler, worker.unknownPort(port ?? ""))
        }
        var job = job
        if let deadline = details?.deadline { job.shrink(to: deadline) }
        emitted.append((index, job))
    }

    /// Gives one more value on, with the key and metadata of the job at hand.
    ///
    /// - Throws: when no node reads that port.
    public func emit(_ value: Value, to port: String? = nil) throws {
        try emit(Job(value: value, details: details), to: port)
    }

    func begin(_ delivery: borrowing Delivery) {
        emitted.removeAll(keepingCapacity: true)
        ticket = delivery.ticket
        job = delivery.job
        details = delivery.job.details
        attempt = delivery.attempts.count + 1
    }

    func emit(result value: Value) {
        emitted.append((0, Job(value: value, details: details)))
    }
}

/// What a worker knows of its place in the pipeline.
public struct WorkerContext: Sendable {
    /// The stage's name.
    public let stage: String
    /// The worker's number in the stage, counted from 1.
    public let worker: Int
    /// The pipeline's logger, with the stage in its metadata; one for all of its workers.
    package let stageLogger: Logger
    /// The pipeline's clock.
    public let clock: any PipelineClock
    /// The names of the ports that other nodes read, the stage itself ("") first.
    package let ports: [String]
    /// Whether all that read a port want JSON lines, so that a script may write them at once.
    package let rendersJSONLines: [Bool]
    package let sources: [String]
    package let ledgers: [Ledger]
    /// Where its tasks run: with the stage's own threads, or with all others of the pipeline; nil is Swift's own threads.
    package let executor: (any TaskExecutor)?
    /// How long what is told to stop may take.
    package let stopGrace: Duration
    /// What the worker is at.
    package let watch: WorkerWatch

    /// The pipeline's logger, with the stage and the worker in its metadata.
    ///
    /// It is made anew each time: a handler that logs for every job keeps it.
    public var logger: Logger {
        var logger = stageLogger
        logger[metadataKey: "worker"] = "\(worker)"
        return logger
    }

    /// When the message that a job was made of came in, by the pipeline's clock.
    ///
    /// The job must be unsettled.
    package func received(_ ticket: Ticket) -> Duration {
        .nanoseconds(ledgers[ticket.source].received(ticket))
    }

    /// How long a job has left by its deadline, nothing if that has passed; nil without one.
    package func remaining(_ ticket: Ticket, _ details: JobDetails?) -> Duration? {
        let deadline = ledgers[ticket.source].deadline(ticket, details)
        return deadline == .max ? nil : max(.nanoseconds(deadline) - clock.now, .zero)
    }

    package func jobID(_ ticket: Ticket) -> String { ticket.jobID(sources) }

    package func unknownPort(_ port: String) -> String {
        if port.isEmpty { return "no node reads what \(stage) returns; the ports that are read: \(portList)" }
        return "no node reads the port \"\(port)\" of \(stage); the ports that are read: \(portList)"
    }

    private var portList: String {
        let names = ports.map { $0.isEmpty ? "(the stage itself)" : $0 }
        return names.isEmpty ? "none" : names.joined(separator: ", ")
    }
}
