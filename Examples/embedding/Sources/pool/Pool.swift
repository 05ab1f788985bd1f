import Tidemill

/// A pool that takes a task only if one of its workers has nothing to do, and whose size changes while it works.
struct Pool: Sendable {
    /// What a caller hands in, and where it hears what became of it.
    private struct Request: Sendable {
        let task: String
        let answer: CheckedContinuation<Outcome, Never>
    }

    private struct Requests: Source {
        let requests: AsyncStream<Request>

        /// Whoever handed in a task that is not taken may do so again.
        var takesJobsBack: Bool { true }

        func run(_ output: SourceOutput) async throws {
            for await request in requests {
                try await output.send(Job(Value(stringLiteral: request.task))) { request.answer.resume(returning: $0) }
            }
        }
    }

    private let pipeline: Pipeline
    private let requests: AsyncStream<Request>.Continuation

    init(workers: Int, perform: @escaping @Sendable (String) async throws -> Void) throws {
        let (stream, continuation) = AsyncStream<Request>.makeStream()
        var work = PipelineNode.stage("work", StageSettings(workers: workers, dispatch: .idle)) { job, context in
            try await perform("\(job.value.text ?? "") on worker \(context.worker.worker)")
            return job.value
        }
        // No room in front of the workers, and nobody waits for it: that is "all workers are busy".
        work.channel = ChannelLimits(capacity: 0, overflow: .reject)
        requests = continuation
        pipeline = try Pipeline(
            name: "pool",
            nodes: [.source("tasks", Requests(requests: stream)), work, .sink("done") { _ in }]
        )
    }

    var workers: Int { get throws { try pipeline.workers(of: "work") } }

    var books: Books { pipeline.snapshot().books }

    /// Runs the pool until it was stopped and its last task is done.
    func run() async throws { try await pipeline.run() }

    /// Hands a task in; comes back when it is done, or at once with ``Outcome/rejected`` if all workers are busy, and
    /// with ``Outcome/cancelled`` after a stop.
    func dispatch(_ task: String) async -> Outcome {
        await withCheckedContinuation { answer in
            if case .terminated = requests.yield(Request(task: task, answer: answer)) {
                answer.resume(returning: .cancelled)
            }
        }
    }

    func addWorker() throws { try pipeline.addWorker(to: "work") }

    /// Takes a worker away, which does the task that it is at to its end.
    func removeWorker() throws { try pipeline.removeWorker(from: "work") }

    /// Takes no more tasks.
    func stop() { requests.finish() }
}
