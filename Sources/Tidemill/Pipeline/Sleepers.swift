import HeapModule
import Synchronization

/// The tasks that sleep on a system clock: any number of them, and one timer of the system for the next that is to wake.
///
/// A timer of the system for each would cost three times as much, which is what a stage does that waits in every job.
final class Sleepers: Sendable {
    private final class Sleeper: Sendable {
        let until: Duration
        let continuation: UnsafeContinuation<Bool, Never>
        let isGone = Atomic<Bool>(false)

        init(_ until: Duration, _ continuation: UnsafeContinuation<Bool, Never>) {
            self.until = until
            self.continuation = continuation
        }

        /// Wakes it, unless somebody else has.
        func wake(_ isCancelled: Bool) {
            if !isGone.exchange(true, ordering: .relaxed) { continuation.resume(returning: isCancelled) }
        }
    }

    private struct Entry: Comparable {
        let sleeper: Sleeper

        static func < (left: Entry, right: Entry) -> Bool { left.sleeper.until < right.sleeper.until }
        static func == (left: Entry, right: Entry) -> Bool { left.sleeper === right.sleeper }
    }

    private struct State {
        var entries = Heap<Entry>()
        /// How many entries are left of those that were cancelled.
        var gone = 0
        var alarm: (until: Duration, task: Task<Void, Never>)?
    }

    private let state = Mutex(State())
    private let now: @Sendable () -> Duration

    init(now: @escaping @Sendable () -> Duration) { self.now = now }

    /// Waits until that time.
    ///
    /// - Throws: `CancellationError` when the task is cancelled meanwhile.
    func sleep(until time: Duration) async throws {
        let place = Mutex<Sleeper?>(nil)
        let isCancelled = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let sleeper = Sleeper(time, continuation)
                place.withLock { $0 = sleeper }
                // A task is marked as cancelled before its handlers run: this or the handler sees the sleeper.
                if Task.isCancelled { sleeper.wake(true) } else { add(sleeper) }
            }
        } onCancel: {
            if let sleeper = place.withLock({ $0 }) { cancel(sleeper) }
        }
        if isCancelled { throw CancellationError() }
    }

    private func add(_ sleeper: Sleeper) {
        state.withLock { state in
            state.entries.insert(Entry(sleeper: sleeper))
            setAlarm(&state)
        }
    }

    private func cancel(_ sleeper: Sleeper) {
        sleeper.wake(true)
        state.withLock { state in
            state.gone += 1
            guard state.gone > 64, state.gone > state.entries.count / 2 else { return }
            state.entries = Heap(state.entries.unordered.filter { !$0.sleeper.isGone.load(ordering: .relaxed) })
            state.gone = 0
        }
    }

    private func setAlarm(_ state: inout State) {
        guard let next = state.entries.min?.sleeper.until else { return }
        if let alarm = state.alarm {
            if alarm.until <= next { return }
            alarm.task.cancel()
        }
        let task = Task {
            guard (try? await ContinuousClock().sleep(for: next - self.now())) != nil else { return }
            self.wakeUp(next)
        }
        state.alarm = (next, task)
    }

    /// The alarm that was set for that time has gone off.
    private func wakeUp(_ time: Duration) {
        let now = now()
        let due = state.withLock { state in
            if state.alarm?.until == time { state.alarm = nil }
            var due: [Sleeper] = []
            while let entry = state.entries.min, entry.sleeper.until <= now {
                state.entries.removeMin()
                due.append(entry.sleeper)
            }
            setAlarm(&state)
            return due
        }
        for sleeper in due { sleeper.wake(false) }
    }
}
