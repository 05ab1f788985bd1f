import Synchronization

/// A sink whose jobs the program around the pipeline reads, as an asynchronous sequence.
///
/// ```swift
/// let results = Results()
/// let pipeline = try Pipeline(name: "orders", nodes: […, .sink("out", results)])
/// …
/// for await job in results { … }
/// ```
///
/// A job counts as delivered when its reader asks for the next one, or stops reading; until then the pipeline waits,
/// which is how a slow reader slows its sources. The sequence ends with the pipeline; several readers share the jobs.
public final class Results: Sink, AsyncSequence {
    private struct State {
        /// What is to be given, the first one first.
        var jobs: [Job] = []
        var given = 0
        var finished = 0
        var readers: [(id: UInt64, continuation: CheckedContinuation<Job?, Never>)] = []
        var writer: CheckedContinuation<Void, Never>?
        var lastID: UInt64 = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    /// A sink that nobody reads yet.
    public init() {}

    /// A reader.
    public func makeAsyncIterator() -> Iterator { Iterator(results: self) }

    /// One who reads; a job counts as delivered when it asks for the next, or goes away.
    public final class Iterator: AsyncIteratorProtocol {
        private let results: Results
        private var hasJob = false

        init(results: Results) { self.results = results }

        deinit { if hasJob { results.finish() } }

        /// The next job; nil at the pipeline's end, or when the task is cancelled.
        public func next() async -> Job? {
            if hasJob { results.finish() }
            let job = await results.next()
            hasJob = job != nil
            return job
        }
    }

    // MARK: The sink

    /// Waits until readers have finished with all of the batch.
    ///
    /// - Throws: `CancellationError` where the pipeline is cancelled meanwhile.
    public func write(_ batch: borrowing SinkBatch) async throws {
        let jobs = (0..<batch.count).map { batch[$0] }
        change { state in (state.jobs, state.given, state.finished) = (jobs, 0, 0) }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    let mustWait = state.finished < state.jobs.count && !Task.isCancelled
                    if mustWait { state.writer = continuation }
                    return mustWait
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            wakeWriter(always: true)
        }
        let isDone = state.withLock { state in
            defer { (state.jobs, state.given) = ([], 0) }
            return state.finished == state.jobs.count
        }
        if !isDone { throw CancellationError() }
    }

    /// Ends the sequence.
    public func close() async throws { change { $0.isClosed = true } }

    // MARK: Readers

    private func next() async -> Job? {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                change { $0.readers.append((id, continuation)) }
                if Task.isCancelled { leave(id) }
            }
        } onCancel: {
            leave(id)
        }
    }

    private func leave(_ id: UInt64) {
        let reader = state.withLock { state in
            state.readers.firstIndex { $0.id == id }.map { state.readers.remove(at: $0).continuation }
        }
        reader?.resume(returning: nil)
    }

    private func finish() {
        state.withLock { $0.finished += 1 }
        wakeWriter()
    }

    /// Changes something, and gives jobs to readers as far as there are both.
    private func change(_ body: (inout State) -> Void) {
        let served = state.withLock { state in
            body(&state)
            var served: [(CheckedContinuation<Job?, Never>, Job?)] = []
            while !state.readers.isEmpty, state.given < state.jobs.count {
                served.append((state.readers.removeFirst().continuation, state.jobs[state.given]))
                state.given += 1
            }
            if state.isClosed {
                served += state.readers.map { ($0.continuation, nil) }
                state.readers = []
            }
            return served
        }
        for (reader, job) in served { reader.resume(returning: job) }
    }

    private func wakeWriter(always: Bool = false) {
        let writer = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard always || state.finished >= state.jobs.count else { return nil }
            defer { state.writer = nil }
            return state.writer
        }
        writer?.resume()
    }
}
