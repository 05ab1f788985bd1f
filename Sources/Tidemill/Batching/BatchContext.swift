/// What a Swift handler knows of the batch at hand, and how it gives more results than one for a job.
///
/// Jobs are named by their place in the batch, counted from 0. One context belongs to one worker.
public final class BatchContext {
    /// The worker that the handler works for.
    public let worker: WorkerContext
    private var deliveries: [Delivery] = []
    private var emitted: [[(port: Int, job: Job)]] = []

    init(worker: WorkerContext) { self.worker = worker }

    /// How many jobs the batch has.
    public var count: Int { deliveries.count }

    /// Which attempt at a job this is, counted from 1.
    public func attempt(of index: Int) -> Int { deliveries[index].attempts.count + 1 }

    /// A job's identity: the same for all jobs made of one message.
    public func jobID(of index: Int) -> String { worker.jobID(deliveries[index].ticket) }

    /// How long the job has left that has the least by its deadline; nil if none has one.
    public var remaining: Duration? { worker.remaining(deliveries) }

    /// Gives one more result of a job to the nodes that read `port`, or the stage itself if it names none.
    ///
    /// It goes on when the handler has returned, and not at all if that job fails.
    ///
    /// - Throws: when no node reads that port.
    public func emit(_ job: Job, of index: Int, to port: String? = nil) throws {
        guard let number = worker.ports.firstIndex(of: port ?? "") else {
            throw JobFailure(.handler, worker.unknownPort(port ?? ""))
        }
        var job = job
        if let deadline = deliveries[index].job.details?.deadline { job.shrink(to: deadline) }
        emitted[index].append((number, job))
    }

    /// Gives one more value on, with the key and metadata of the job that it is a result of.
    ///
    /// - Throws: when no node reads that port.
    public func emit(_ value: Value, of index: Int, to port: String? = nil) throws {
        try emit(Job(value: value, details: deliveries[index].job.details), of: index, to: port)
    }

    func begin(_ batch: Batch<Delivery>) {
        deliveries = Array(batch.elements)
        emitted = Array(repeating: [], count: deliveries.count)
    }

    func end() {
        deliveries = []
        emitted = []
    }

    /// How the job ended, given what the handler says of it.
    func end(of index: Int, _ result: JobResult) -> JobEnd {
        let details = deliveries[index].job.details
        let values: [Value]
        switch result {
        case .failed(let error): return .failed(JobFailure(error))
        case .value(let value) where emitted[index].isEmpty: return .passed(Job(value: value, details: details))
        case .value(let value): values = [value]
        case .values(let several): values = several
        case .filtered: values = []
        }
        return .became(emitted[index] + values.map { (0, Job(value: $0, details: details)) })
    }
}

extension WorkerContext {
    /// How long the one of these jobs has left that has the least by its deadline; nil if none has one.
    package func remaining(_ deliveries: some Sequence<Delivery>) -> Duration? {
        deliveries.compactMap { remaining($0.ticket, $0.job.details) }.min()
    }
}
