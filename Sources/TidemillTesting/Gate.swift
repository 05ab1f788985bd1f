import Synchronization

/// A gate at which handlers, sources and sinks wait until the test lets them through.
public final class Gate: Sendable {
    private struct State {
        var isOpen: Bool
        var permits = 0
        var waiting: [(id: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
        var watchers = Watchers()
        var lastID: UInt64 = 0
    }

    private let state: Mutex<State>

    /// A gate, closed by default.
    public init(isOpen: Bool = false) {
        state = Mutex(State(isOpen: isOpen))
    }

    /// How many wait at the gate now.
    public var count: Int { state.withLock { $0.waiting.count } }

    /// Waits until the gate is open, or lets one through.
    ///
    /// - Throws: `CancellationError` when the task is cancelled meanwhile.
    public func pass() async throws {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let passed = await withTaskCancellationHandler {
            await withCheckedContinuation { enter($0, id: id, cancellable: true) }
        } onCancel: {
            let cancelled = state.withLock { state in
                let index = state.waiting.firstIndex { $0.id == id }
                return index.map { state.waiting.remove(at: $0).continuation }
            }
            cancelled?.resume(returning: false)
        }
        if !passed { throw CancellationError() }
    }

    /// Waits at the gate and does not hear of cancellation, as a call that blocks wouldn't.
    public func passUninterrupted() async {
        _ = await withCheckedContinuation { enter($0, id: 0, cancellable: false) }
    }

    /// Lets all through, those that wait and those that come.
    public func open() { wake { $0.isOpen = true } }

    /// Lets nobody through any more.
    public func close() { wake { $0.isOpen = false } }

    /// Lets `count` through: of those that wait, the first; else the next that come.
    public func admit(_ count: Int) { wake { $0.permits += count } }

    /// Waits until at least `count` wait at the gate.
    public func waiting(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let reached = state.withLock { $0.watchers.add(count, continuation, now: $0.waiting.count) }
            if reached { continuation.resume() }
        }
    }

    private func enter(_ continuation: CheckedContinuation<Bool, Never>, id: UInt64, cancellable: Bool) {
        let (answer, due) = state.withLock { state -> (Bool?, [CheckedContinuation<Void, Never>]) in
            if cancellable && Task.isCancelled { return (false, []) }
            if state.isOpen { return (true, []) }
            if state.permits > 0 {
                state.permits -= 1
                return (true, [])
            }
            state.waiting.append((id, continuation))
            return (nil, state.watchers.reached(state.waiting.count))
        }
        if let answer { continuation.resume(returning: answer) }
        for watcher in due { watcher.resume() }
    }

    private func wake(_ change: (inout State) -> Void) {
        let woken = state.withLock { state in
            change(&state)
            let count = state.isOpen ? state.waiting.count : min(state.permits, state.waiting.count)
            if !state.isOpen { state.permits -= count }
            defer { state.waiting.removeFirst(count) }
            return state.waiting.prefix(count).map(\.continuation)
        }
        for continuation in woken { continuation.resume(returning: true) }
    }
}
