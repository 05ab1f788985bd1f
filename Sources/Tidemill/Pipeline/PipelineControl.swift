import Synchronization

/// How far a pipeline is from its end, and the means to bring that about; shared by all of its parts.
final class PipelineControl: Sendable {
    private struct State {
        var failure: PipelineError?
        var isDraining = false
        var sources: [Task<Void, Never>] = []
        var work: Task<Void, Never>?
    }

    private let state = Mutex(State())
    private let cancelled = Atomic<Bool>(false)

    var isCancelled: Bool { cancelled.load(ordering: .acquiring) }
    var isDraining: Bool { state.withLock { $0.isDraining } }
    var failure: PipelineError? { state.withLock { $0.failure } }

    /// Notes a source's task, and stops it at once if the pipeline is being drained already.
    func add(source task: Task<Void, Never>) {
        let isDraining = state.withLock { state in
            state.sources.append(task)
            return state.isDraining
        }
        if isDraining { task.cancel() }
    }

    /// Notes the task under which all stages and sinks run.
    func add(work task: Task<Void, Never>) {
        state.withLock { $0.work = task }
        if isCancelled { task.cancel() }
    }

    /// Asks the sources to stop; what they brought is still processed.
    func drain() {
        let sources = state.withLock { state in
            state.isDraining = true
            return state.sources
        }
        for source in sources { source.cancel() }
    }

    /// Stops everything now.
    ///
    /// The first failure is the one that counts.
    func cancel(_ failure: PipelineError? = nil) {
        let work = state.withLock { state in
            state.failure = state.failure ?? failure
            return state.work
        }
        cancelled.store(true, ordering: .releasing)
        drain()
        work?.cancel()
    }
}
