import HeapModule
import Synchronization

/// The timers of a pipeline, on its clock: any number of them, and one task that sleeps until the next is due.
///
/// Setting a timer again is cheap, which is what workers do for every batch: a later time only changes a number, and
/// the entry in the heap is moved when it comes up.
final class Timers: Sendable {
    private struct State {
        var heap = TimerHeap()
        var sleeper: (until: Duration, task: Task<Void, Never>)?
        var isEnded = false
    }

    private let clock: any PipelineClock
    private let executor: (any TaskExecutor)?
    private let state = Mutex(State())

    init(_ clock: any PipelineClock, executor: (any TaskExecutor)?) {
        self.clock = clock
        self.executor = executor
    }

    /// Has the timer fire at that time of the pipeline's clock, and at no other.
    func set(_ timer: PipelineTimer, at time: Duration) {
        state.withLock { state in
            if state.isEnded { return }
            state.heap.set(timer, at: time)
            sleep(&state)
        }
    }

    /// Keeps the timer from firing; it may be about to.
    func clear(_ timer: PipelineTimer) {
        state.withLock { _ in timer.due = nil }
    }

    /// Nothing fires any more.
    func end() {
        let sleeper = state.withLock { state in
            state.isEnded = true
            state.heap = TimerHeap()
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.task.cancel()
    }

    private func sleep(_ state: inout State) {
        guard let next = state.heap.next, !state.isEnded else { return }
        if let sleeper = state.sleeper {
            if sleeper.until <= next { return }
            sleeper.task.cancel()
        }
        let clock = clock
        let task = Task(executorPreference: executor) {
            guard (try? await clock.sleep(for: next - clock.now)) != nil else { return }
            self.fire(sleeping: next)
        }
        state.sleeper = (next, task)
    }

    /// The sleeper has woken; one that was replaced meanwhile leaves the rest to its successor.
    private func fire(sleeping until: Duration) {
        let due = state.withLock { state -> [PipelineTimer] in
            guard !state.isEnded else { return [] }
            if state.sleeper?.until == until { state.sleeper = nil }
            let due = state.heap.due(clock.now)
            sleep(&state)
            return due
        }
        for timer in due { timer.fire() }
    }
}

/// Something to do at some time, again and again if it is set again.
///
/// `@unchecked Sendable`: the two times are touched under the lock of the ``Timers`` that it belongs to.
package class PipelineTimer: @unchecked Sendable {
    /// When it fires.
    fileprivate(set) var due: Duration?
    /// Where its entry in the heap is sorted in, which may be before it is due.
    fileprivate var key: Duration?

    /// What it does; it must be short, for all timers of a pipeline share a task.
    func fire() {}
}

/// A timer that is a closure.
///
/// `@unchecked Sendable`: as its superclass; its own closure is constant.
final class ActionTimer: PipelineTimer, @unchecked Sendable {
    private let action: @Sendable () -> Void

    init(_ action: @escaping @Sendable () -> Void) { self.action = action }

    override func fire() { action() }
}

/// Timers by time; those of one time are in the order in which they were set.
private struct TimerHeap {
    private struct Entry: Comparable {
        let key: Duration
        let number: UInt64
        let timer: PipelineTimer

        static func < (left: Entry, right: Entry) -> Bool { (left.key, left.number) < (right.key, right.number) }
        static func == (left: Entry, right: Entry) -> Bool { left.number == right.number }
    }

    private var entries = Heap<Entry>()
    private var lastNumber: UInt64 = 0

    /// When the first may be due.
    var next: Duration? { entries.min?.key }

    mutating func set(_ timer: PipelineTimer, at time: Duration) {
        timer.due = time
        if let key = timer.key, key <= time { return }
        // An entry that is there already is behind this one, and stale by then.
        timer.key = time
        lastNumber += 1
        entries.insert(Entry(key: time, number: lastNumber, timer: timer))
    }

    /// Takes out those that are due.
    mutating func due(_ now: Duration) -> [PipelineTimer] {
        var fired: [PipelineTimer] = []
        while let entry = entries.min, entry.key <= now {
            entries.removeMin()
            let timer = entry.timer
            guard timer.key == entry.key else { continue }
            timer.key = nil
            guard let due = timer.due else { continue }
            if due <= now {
                timer.due = nil
                fired.append(timer)
            } else {
                set(timer, at: due)
            }
        }
        return fired
    }
}
