#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Where a pipeline gets its time from; tests give it one that they move by hand.
public protocol PipelineClock: Sendable {
    /// The time since some fixed moment; it never goes back.
    var now: Duration { get }
    /// The time of day, for records.
    var date: Date { get }
    /// Waits.
    ///
    /// - Throws: `CancellationError` when the task is cancelled meanwhile.
    func sleep(for duration: Duration) async throws
}

/// The system's clock.
public struct SystemClock: PipelineClock {
    private let start: ContinuousClock.Instant
    private let sleepers: Sleepers

    /// A clock that starts at zero.
    public init() {
        let start = ContinuousClock.now
        self.start = start
        sleepers = Sleepers { start.duration(to: .now) }
    }

    /// The time since the clock was made.
    public var now: Duration { start.duration(to: .now) }
    /// The time of day.
    public var date: Date { Date() }
    /// Waits.
    public func sleep(for duration: Duration) async throws {
        if duration <= .zero { return try Task.checkCancellation() }
        try await sleepers.sleep(until: now + duration)
    }
}
