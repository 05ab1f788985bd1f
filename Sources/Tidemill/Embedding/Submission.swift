import Synchronization

/// A job that was submitted.
public final class Submission: MessageObserver {
    private struct State {
        var values: [Value] = []
        var failure: JobFailure?
        var result: SubmissionResult?
        var waiting: [CheckedContinuation<SubmissionResult, Never>] = []
    }

    private let context: MessageContext
    private let state = Mutex(State())

    init(_ context: MessageContext) { self.context = context }

    /// Waits for what becomes of the job.
    public func result() async -> SubmissionResult {
        await withCheckedContinuation { continuation in
            let result = state.withLock { state in
                if state.result == nil { state.waiting.append(continuation) }
                return state.result
            }
            if let result { continuation.resume(returning: result) }
        }
    }

    /// Withdraws the job: it is not started any more, and interrupted where it is at work.
    public func cancel() { context.withdraw() }

    // MARK: Observing

    /// It wants to know what came of the job.
    public var wantsResults: Bool { true }

    /// Notes the first failure.
    public func failed(_ failure: JobFailure, in node: String) { state.withLock { $0.failure = $0.failure ?? failure } }

    /// Notes what a sink has.
    public func delivered(_ job: Job, to sink: String) { state.withLock { $0.values.append(job.value) } }

    /// Tells those who wait.
    public func settled(_ outcome: Outcome) {
        let (result, waiting) = state.withLock { state in
            let result = SubmissionResult(outcome: outcome, values: state.values, failure: state.failure)
            state.result = result
            defer { state.waiting = [] }
            return (result, state.waiting)
        }
        for continuation in waiting { continuation.resume(returning: result) }
    }
}

/// What became of a job that was submitted.
public struct SubmissionResult: Sendable {
    /// The worst outcome of all jobs that were made of it.
    public let outcome: Outcome
    /// What came to the pipeline's sinks, in the order in which it came; records of dead letters are not in it.
    public let values: [Value]
    /// Why it failed, where it did.
    public let failure: JobFailure?
}

extension Pipeline {
    /// Gives a job to the pipeline's source that is a ``Submissions``; `source` is its name where there are several.
    ///
    /// - Throws: as ``Submissions/submit(_:timeToLive:)-(Job,_)``.
    @discardableResult
    public func submit(_ job: Job, to source: String? = nil, timeToLive: Duration? = nil) async throws -> Submission {
        try await submissions(source).submit(job, timeToLive: timeToLive)
    }

    /// Gives a value to the pipeline's source that is a ``Submissions``; `source` is its name where there are several.
    ///
    /// - Throws: as ``Submissions/submit(_:timeToLive:)-(Job,_)``.
    @discardableResult
    public func submit(_ value: Value, to source: String? = nil, timeToLive: Duration? = nil) async throws -> Submission
    {
        try await submit(Job(value), to: source, timeToLive: timeToLive)
    }

    /// Gives a job to the pipeline and waits for what becomes of it; a task that is cancelled withdraws the job.
    ///
    /// - Throws: as ``Submissions/process(_:timeToLive:)``.
    public func process(
        _ job: Job,
        by source: String? = nil,
        timeToLive: Duration? = nil
    ) async throws -> SubmissionResult {
        try await submissions(source).process(job, timeToLive: timeToLive)
    }

    private func submissions(_ name: String?) throws -> Submissions {
        let found = parts.parts.compactMap { part -> Submissions? in
            guard case .source(let source) = part.node.role, name == nil || part.node.name == name else { return nil }
            return source as? Submissions
        }
        guard let only = found.first, found.count == 1 else { throw SubmissionError.noEntry }
        return only
    }
}

extension Submissions {
    /// The source `submissions` of configurations, for programs that run a pipeline of their own and submit to it.
    public static let component = SourceComponent(
        "submissions",
        "Takes the jobs that the program around the pipeline submits; not for the command `tidemill`.",
        fields: [
            FieldSpecification(
                "capacity",
                .integer(in: 1...1_048_576),
                "How many jobs it holds that the pipeline has no room for yet.",
                default: 256
            )
        ]
    ) { Submissions(capacity: $0.integer("capacity")) }
}
