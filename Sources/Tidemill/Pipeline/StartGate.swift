import Synchronization

/// Holds every part of a pipeline back until all of them are ready, so that no job is taken in by a pipeline that can't
/// do it.
///
/// The first part that fails keeps all the others from starting.
final class StartGate: Sendable {
    private struct State {
        var missing: Int
        var failed = false
        var waiting: [UnsafeContinuation<Bool, Never>] = []
    }

    private let state: Mutex<State>

    /// Whether all parts were ready.
    var hasOpened: Bool { state.withLock { $0.missing == 0 && !$0.failed } }

    init(parts: Int) { state = Mutex(State(missing: parts)) }

    /// Says that one part is ready, and waits for the others.
    ///
    /// False: the pipeline does not start.
    func pass() async -> Bool {
        await withUnsafeContinuation { continuation in
            update { state in
                state.missing -= 1
                state.waiting.append(continuation)
            }
        }
    }

    /// Says that one part can't start.
    func fail() {
        update { state in
            state.missing -= 1
            state.failed = true
        }
    }

    /// All wait for the last, also where one has failed: those that are ready have something to close.
    private func update(_ change: (inout State) -> Void) {
        let (waiting, opens) = state.withLock { state -> ([UnsafeContinuation<Bool, Never>], Bool) in
            change(&state)
            guard state.missing == 0 else { return ([], false) }
            defer { state.waiting = [] }
            return (state.waiting, !state.failed)
        }
        for continuation in waiting { continuation.resume(returning: opens) }
    }
}
