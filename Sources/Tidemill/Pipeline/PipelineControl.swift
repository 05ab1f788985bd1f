import Synchronization

/// How far a pipeline is from its end, and the means to bring that about; shared by all of its parts.
final class PipelineControl: Sendable {
    private struct State {
        var failure: PipelineError?
        var isDraining = false
        var sources: [Task<Void, Never>] = []
        var work: Task<Void, Never>?
        var cancellations: [@Sendable () -> Void] = []
        var isStarted = false
        var opened: Duration?
        var ended: Duration?
    }

    private let state = Mutex(State())
    private let cancelled = Atomic<Bool>(false)

    var isCancelled: Bool { cancelled.load(ordering: .acquiring) }
    var isDraining: Bool { state.withLock { $0.isDraining } }
    var isEnded: Bool { state.withLock { $0.ended != nil } }
    var phase: PipelinePhase {
        state.withLock { state in
            if state.ended != nil { return .ended }
            if isCancelled { return .cancelling }
            return state.isDraining ? .draining : state.opened != nil ? .running : .starting
        }
    }
    var failure: PipelineError? { state.withLock { $0.failure } }

    /// True for the first that asks.
    func start() -> Bool {
        state.withLock { state in
            defer { state.isStarted = true }
            return !state.isStarted
        }
    }

    /// When all nodes were ready, if they are, and when nothing ran any more.
    var times: (opened: Duration?, ended: Duration?) { state.withLock { ($0.opened, $0.ended) } }

    /// All nodes are ready; true for the first that says so.
    func open(at time: Duration) -> Bool {
        state.withLock { state in
            if state.opened != nil { return false }
            state.opened = time
            return true
        }
    }

    /// Nothing runs any more.
    func end(at time: Duration) {
        state.withLock { state in
            state.ended = time
            state.cancellations = []
        }
    }

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

    /// Has this called when everything is to stop now; at once, if that is so already.
    func onCancel(_ action: @escaping @Sendable () -> Void) {
        let isCancelled = state.withLock { state in
            state.cancellations.append(action)
            return cancelled.load(ordering: .acquiring)
        }
        if isCancelled { action() }
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
        let (work, cancellations) = state.withLock { state in
            state.failure = state.failure ?? failure
            // Under the lock: whoever notes the work after this sees it.
            cancelled.store(true, ordering: .releasing)
            return (state.work, state.cancellations)
        }
        drain()
        work?.cancel()
        for cancel in cancellations { cancel() }
    }
}
