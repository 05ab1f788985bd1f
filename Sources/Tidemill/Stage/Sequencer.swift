import Synchronization

/// Puts the results of a stage's workers back into the order in which its jobs came in.
///
/// Workers take runs of jobs from the channel, which numbers them. A worker whose run is the next one sends its
/// results on, and then those that others have left here meanwhile; a worker that is too far ahead waits, so that
/// what is held back is bounded.
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
        /// How many workers may go on though they are too far ahead.
        var exempt = 0
        var free: [BatchResults] = []

        mutating func mustWait(_ window: Int) -> Bool {
            guard parked.count > window else { return false }
            if exempt == 0 { return true }
            exempt -= 1
            return false
        }
    }

    private let window: Int
    private let state = Mutex(State())

    /// Holds back up to `window` runs before workers have to wait.
    init(window: Int) {
        self.window = window
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
        } else {
            await waitForWindow()
        }
        return state.withLock { $0.free.popLast() } ?? BatchResults(ports: results.outputs.count)
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

    /// Lets one worker that is too far ahead go on: there is a job for it whose turn may be next.
    func exemptOne() {
        let continuation = state.withLock { state in
            state.exempt += 1
            return state.waiting.popLast()
        }
        continuation?.resume()
    }

    private func waitForWindow() async {
        while state.withLock({ $0.mustWait(window) }) {
            await withUnsafeContinuation { continuation in
                let mustWait = state.withLock { state in
                    // Somebody must be at work who will advance: the sender, the worker whose run is next, or one that
                    // is exempt because the next job comes back for another attempt.
                    guard state.parked.count > window, state.exempt == 0 else { return false }
                    state.waiting.append(continuation)
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        }
    }
}
