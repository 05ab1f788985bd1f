import Synchronization
public import Tidemill

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// A clock that stands still until a test moves it.
public final class ManualClock: PipelineClock {
    private struct Sleeper {
        let id: UInt64
        let deadline: Duration
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var now = Duration.zero
        var sleepers: [Sleeper] = []
        var watchers = Watchers()
        var lastID: UInt64 = 0
    }

    private let state = Mutex(State())
    private let start: Date

    /// A clock at zero, which is the time of day `start` (by default the beginning of 2024).
    public init(start: Date = Date(timeIntervalSince1970: 1_704_067_200)) {
        self.start = start
    }

    /// How far the clock was moved.
    public var now: Duration { state.withLock { $0.now } }

    /// The time of day: where the clock started and how far it was moved.
    public var date: Date { start.addingTimeInterval(now / .seconds(1)) }

    /// Waits until the clock was moved that far.
    ///
    /// - Throws: `CancellationError` when the task is cancelled meanwhile.
    public func sleep(for duration: Duration) async throws {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let slept = await withTaskCancellationHandler {
            await withCheckedContinuation { enter($0, id: id, duration) }
        } onCancel: {
            wake { state in
                let cancelled = state.sleepers.filter { $0.id == id }
                state.sleepers.removeAll { $0.id == id }
                return cancelled.map { ($0.continuation, false) }
            }
        }
        if !slept { throw CancellationError() }
    }

    /// Moves the clock and wakes those that have slept long enough, the one that was due first first.
    public func advance(by duration: Duration) {
        wake { state in
            state.now += duration
            let now = state.now
            let due = state.sleepers.filter { $0.deadline <= now }.sorted { $0.deadline < $1.deadline }
            state.sleepers.removeAll { $0.deadline <= now }
            return due.map { ($0.continuation, true) }
        }
    }

    /// How many are asleep now.
    public var sleeping: Int { state.withLock { $0.sleepers.count } }

    /// Waits until at least `count` are asleep, so that moving the clock finds them.
    public func sleepers(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let reached = state.withLock { $0.watchers.add(count, continuation, now: $0.sleepers.count) }
            if reached { continuation.resume() }
        }
    }

    private func enter(_ continuation: CheckedContinuation<Bool, Never>, id: UInt64, _ duration: Duration) {
        let (answer, due) = state.withLock { state -> (Bool?, [CheckedContinuation<Void, Never>]) in
            // A task is marked as cancelled before its handler runs, so one of the two is seen.
            if Task.isCancelled { return (false, []) }
            if duration <= .zero { return (true, []) }
            state.sleepers.append(Sleeper(id: id, deadline: state.now + duration, continuation: continuation))
            return (nil, state.watchers.reached(state.sleepers.count))
        }
        if let answer { continuation.resume(returning: answer) }
        for watcher in due { watcher.resume() }
    }

    private func wake(_ change: (inout State) -> [(CheckedContinuation<Bool, Never>, Bool)]) {
        let woken = state.withLock { change(&$0) }
        for (continuation, slept) in woken { continuation.resume(returning: slept) }
    }
}
