import DequeModule
import Synchronization

/// A source that the program around the pipeline fills, one job after the other, from any of its tasks.
///
/// ```swift
/// let submissions = Submissions()
/// let pipeline = try Pipeline(name: "orders", nodes: [.source("in", submissions), …])
/// …
/// try await submissions.submit(Job(value))                  // taken in
/// let result = try await submissions.process(Job(value))    // done, with what came of it
/// ```
public final class Submissions: Source {
    private struct Entry: Sendable {
        let job: Job
        let context: MessageContext
        let submission: Submission
    }

    private struct State {
        var entries: Deque<Entry> = []
        var waiting: Deque<(id: UInt64, continuation: CheckedContinuation<Bool, Never>)> = []
        var lastID: UInt64 = 0
        var source: CheckedContinuation<Void, Never>?
        var isClosed = false
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// A source that holds up to `capacity` jobs which the pipeline has no room for yet; more of them wait.
    public init(capacity: Int = 256) { self.capacity = max(capacity, 1) }

    // MARK: Submitting

    /// Gives a job to the pipeline, waiting while there is no room for it.
    ///
    /// When it returns, the pipeline has the job: ``Submission/result()`` says what becomes of it, and may be ignored.
    /// `timeToLive` is how long it may take then.
    ///
    /// - Throws: ``SubmissionError`` where the pipeline takes no more, `CancellationError` where the task is cancelled
    ///   while it waits.
    @discardableResult
    public func submit(_ job: Job, timeToLive: Duration? = nil) async throws -> Submission {
        let context = MessageContext(timeToLive: timeToLive)
        let entry = Entry(job: job, context: context, submission: Submission(context))
        while true {
            let (source, isAdded) = try state.withLock { state in
                if state.isClosed { throw SubmissionError.closed }
                guard state.entries.count < capacity else { return (CheckedContinuation<Void, Never>?.none, false) }
                state.entries.append(entry)
                defer { state.source = nil }
                return (state.source, true)
            }
            source?.resume()
            if isAdded { return entry.submission }
            try await waitForRoom()
        }
    }

    /// Gives a value to the pipeline, as ``submit(_:timeToLive:)-(Job,_)`` does.
    @discardableResult
    public func submit(_ value: Value, timeToLive: Duration? = nil) async throws -> Submission {
        try await submit(Job(value), timeToLive: timeToLive)
    }

    /// Gives a job to the pipeline and waits for what becomes of it.
    ///
    /// When the task is cancelled, the job is withdrawn, and interrupted where it is at work.
    ///
    /// - Throws: what ``submit(_:timeToLive:)-(Job,_)`` throws; a job that fails throws nothing, its outcome says so.
    public func process(_ job: Job, timeToLive: Duration? = nil) async throws -> SubmissionResult {
        let submission = try await submit(job, timeToLive: timeToLive)
        return await withTaskCancellationHandler {
            await submission.result()
        } onCancel: {
            submission.cancel()
        }
    }

    // MARK: The source

    /// Sends what is submitted, until it is asked to stop.
    public func run(_ output: SourceOutput) async throws {
        while await waitForEntries() {
            var batch = JobBatch()
            for entry in take() { batch.append(entry.job, context: entry.context, observer: entry.submission) }
            try await output.send(&batch)
        }
    }

    /// The run is over: what nobody took out has been cancelled.
    func end() {
        closeIntake()
        for entry in take() { entry.submission.settled(.cancelled) }
    }

    private func take() -> Deque<Entry> {
        let (entries, waiting) = state.withLock { state in
            defer { (state.entries, state.waiting) = ([], []) }
            return (state.entries, state.waiting)
        }
        for waiter in waiting { waiter.continuation.resume(returning: true) }
        return entries
    }

    /// No more are taken in.
    private func closeIntake() {
        let source = state.withLock { state in
            state.isClosed = true
            defer { state.source = nil }
            return state.source
        }
        source?.resume()
    }

    /// Waits until something was submitted; false when the source was asked to stop and has sent all.
    private func waitForEntries() async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    let mustWait = state.entries.isEmpty && !state.isClosed
                    if mustWait { state.source = continuation }
                    return mustWait
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            closeIntake()
        }
        return state.withLock { !$0.entries.isEmpty }
    }

    private func waitForRoom() async throws {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let hasWaited = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    if Task.isCancelled { return false }
                    if state.isClosed || state.entries.count < capacity { return true }
                    state.waiting.append((id, continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let cancelled = state.withLock { state in
                let index = state.waiting.firstIndex { $0.id == id }
                return index.map { state.waiting.remove(at: $0).continuation }
            }
            cancelled?.resume(returning: false)
        }
        if !hasWaited { throw CancellationError() }
    }
}

/// Why a job was not taken in.
public enum SubmissionError: Error, Hashable, CustomStringConvertible {
    /// The pipeline drains or has ended.
    case closed
    /// The pipeline has no source that is to be submitted to, or several.
    case noEntry

    /// What to do about it.
    public var description: String {
        switch self {
        case .closed: "the pipeline takes no more jobs: it drains, or has ended"
        case .noEntry: "submit needs a pipeline with one source that is a Submissions, or the name of one"
        }
    }
}
