import Synchronization

/// Counts the calls of a function that are under way, on whatever threads, for somebody who waits until none is.
final class CallsInProgress: Sendable {
    private struct State {
        var count = 0
        var waiting: [UnsafeContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func enter() { state.withLock { $0.count += 1 } }

    func leave() {
        let waiting = state.withLock { state -> [UnsafeContinuation<Void, Never>] in
            state.count -= 1
            guard state.count == 0 else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Waits until no call is under way.
    func wait() async {
        await withUnsafeContinuation { continuation in
            let mustWait = state.withLock { state in
                if state.count > 0 { state.waiting.append(continuation) }
                return state.count > 0
            }
            if !mustWait { continuation.resume() }
        }
    }
}
