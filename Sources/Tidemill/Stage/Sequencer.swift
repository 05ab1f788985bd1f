import Synchronization

/// Puts the results of a stage's workers back into the order in which its jobs came in.
///
/// Workers take runs of jobs from the channel, which numbers them. A worker whose run is the next one sends its
/// results on, and then those that others have left here meanwhile. One that is too far ahead waits before it takes
/// more, so that what is held back is bounded: not sooner, for it may hold the very jobs that the others wait for.
final class Sequencer: Sendable {
    private struct Parked {
        let end: UInt64
        let results: BatchResults
    }

    private struct State {
        var next: UInt64 = 0
        var parked: [UInt64: Parked] = [:]
        var isSending = false
        var waiting: [UnsafeContinuation<Void, Never>] = []
        var free: [BatchResults] = []
        var isCancelled = false
    }

    private let window: Int
    private let hasReturns: @Sendable () -> Bool
    private let state = Mutex(State())

    /// Holds back up to `window` runs before workers have to wait.
    ///
    /// Nobody waits while a job that came back for another attempt is there to be taken: its turn may be next.
    init(window: Int, hasReturns: @escaping @Sendable () -> Bool = { false }) {
        self.window = window
        self.hasReturns = hasReturns
    }

    /// How many workers wait now because they are too far ahead.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// Sends the results of the run `start ..< end` when it is their turn.
    ///
    /// The worker goes on with what it gets back.
    func deliver(_ results: BatchResults, start: UInt64, end: UInt64, through router: Router) async -> BatchResults {
        let isNext = state.withLock { state in
            state.parked[start] = Parked(end: end, results: results)
            guard !state.isSending, start == state.next else { return false }
            state.isSending = true
            return true
        }
        if isNext {
            while let parked = takeNext() {
                await router.forward(parked.results)
                advance(to: parked)
            }
        }
        return state.withLock { $0.free.popLast() } ?? BatchResults(ports: results.outputs.count)
    }

    /// The pipeline was cancelled: runs that were taken may never be delivered, so that nobody waits for their turn.
    func cancel() {
        let waiting = state.withLock { state in
            state.isCancelled = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Sends on what is still held back, because the runs before it were never delivered; when all workers have ended.
    func flush(through router: Router) async {
        let parked = state.withLock { state in
            defer { state.parked = [:] }
            return state.parked.sorted { $0.key < $1.key }
        }
        for (_, run) in parked { await router.forward(run.results) }
    }

    private func takeNext() -> Parked? {
        state.withLock { state in
            if let parked = state.parked.removeValue(forKey: state.next) { return parked }
            state.isSending = false
            return nil
        }
    }

    private func advance(to parked: Parked) {
        let waiting = state.withLock { state in
            state.next = parked.end
            state.free.append(parked.results)
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// A job has come back: one of the workers that wait is to take it.
    func wakeForReturn() {
        let continuation = state.withLock { $0.waiting.popLast() }
        continuation?.resume()
    }

    /// Waits while too much is held back; to be called by a worker that has no job.
    func waitForRoom() async {
        while state.withLock({ isFull($0) }) {
            await withUnsafeContinuation { continuation in
                let mustWait = state.withLock { state in
                    // Somebody is at work who will advance: the sender, the worker that has the next run, or the one
                    // that takes a job that has come back.
                    guard isFull(state) else { return false }
                    state.waiting.append(continuation)
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        }
    }

    private func isFull(_ state: State) -> Bool {
        state.parked.count > window && !state.isCancelled && !hasReturns()
    }
}
