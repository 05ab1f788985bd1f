import Synchronization

/// Puts the results of a stage's workers back into the order in which its jobs came in.
///
/// Workers take runs of jobs from the channel, which numbers them. A worker whose run is the next one sends its
/// results on, and then those that others have left here meanwhile. What is held back is bounded by how far ahead of
/// the next job the channel lets workers take any; the next one itself can always be taken, so nothing gets stuck.
final class Sequencer: Sendable {
    private struct Parked {
        let end: UInt64
        let results: BatchResults
    }

    private struct State {
        var next: UInt64 = 0
        var horizon: UInt64
        var parked: [UInt64: Parked] = [:]
        var isSending = false
        var free: [BatchResults] = []
    }

    private let window: UInt64
    private let setHorizon: @Sendable (UInt64) -> Void
    private let state: Mutex<State>

    /// Results of up to `window` jobs are held back; `setHorizon` is told which job is the first that may not be taken.
    init(window: Int, setHorizon: @escaping @Sendable (UInt64) -> Void) {
        self.window = UInt64(max(window, 1))
        self.setHorizon = setHorizon
        state = Mutex(State(horizon: self.window))
        setHorizon(self.window)
    }

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
        let horizon = state.withLock { state -> UInt64? in
            state.next = parked.end
            state.free.append(parked.results)
            // Only now and then: it takes the channel's lock.
            guard state.horizon - state.next <= window / 2 else { return nil }
            state.horizon = state.next + window
            return state.horizon
        }
        if let horizon { setHorizon(horizon) }
    }
}
