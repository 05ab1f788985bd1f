import Synchronization
public import Tidemill

/// A sink that keeps what it is given, for a test to look at.
public final class CollectingSink: Sink {
    /// What a sink was asked to do so far.
    public struct Calls: Sendable, Equatable {
        /// How often it was opened.
        public var opened = 0
        /// How often it was given a batch.
        public var writes = 0
        /// How often it was closed.
        public var closed = 0

        /// So many calls.
        public init(opened: Int = 0, writes: Int = 0, closed: Int = 0) {
            self.opened = opened
            self.writes = writes
            self.closed = closed
        }
    }

    private struct State {
        var jobs: [Job] = []
        var calls = Calls()
        var watchers = Watchers()
    }

    private let state = Mutex(State())
    private let gate: Gate?
    private let failingWrite: Int?
    private let check: @Sendable (Job) -> JobFailure?

    /// A sink.
    ///
    /// - Parameters:
    ///   - gate: where each write waits before it keeps anything.
    ///   - failingWrite: the write, counted from 1, that throws and keeps nothing.
    ///   - check: why a job can't be delivered; nil where it can.
    public init(
        gate: Gate? = nil,
        failingWrite: Int? = nil,
        check: @escaping @Sendable (Job) -> JobFailure? = { _ in nil }
    ) {
        self.gate = gate
        self.failingWrite = failingWrite
        self.check = check
    }

    /// The jobs that it kept, in the order in which they came.
    public var jobs: [Job] { state.withLock { $0.jobs } }

    /// Their values.
    public var values: [Value] { jobs.map(\.value) }

    /// Their values, where those are integers.
    public var integers: [Int64] { values.compactMap(\.integer) }

    /// How often its methods were called.
    public var calls: Calls { state.withLock { $0.calls } }

    /// Waits until it keeps at least `count` jobs.
    public func collected(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let reached = state.withLock { $0.watchers.add(count, continuation, now: $0.jobs.count) }
            if reached { continuation.resume() }
        }
    }

    /// Counts the call.
    public func open() async throws { state.withLock { $0.calls.opened += 1 } }

    /// Keeps the jobs that pass the check.
    ///
    /// - Throws: ``ScriptedError`` where this write is to fail.
    public func write(_ batch: borrowing SinkBatch) async throws {
        let number = state.withLock { state in
            state.calls.writes += 1
            return state.calls.writes
        }
        try await gate?.pass()
        if number == failingWrite { throw ScriptedError("write \(number) fails") }
        var kept: [Job] = []
        for index in 0..<batch.count {
            if let failure = check(batch[index]) { batch.fail(index, failure) } else { kept.append(batch[index]) }
        }
        let due = state.withLock { state in
            state.jobs += kept
            return state.watchers.reached(state.jobs.count)
        }
        for watcher in due { watcher.resume() }
    }

    /// Counts the call.
    public func close() async throws { state.withLock { $0.calls.closed += 1 } }
}

/// An error that a test asked for.
public struct ScriptedError: Error, Hashable, CustomStringConvertible {
    /// What the test called it.
    public let description: String

    /// An error with that text.
    public init(_ description: String) { self.description = description }
}
