public import Tidemill

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// The clock of a simulation: it moves, by itself and at once, when every task of the simulation waits.
public final class VirtualClock: PipelineClock {
    private let scheduler: SeededScheduler
    private let start: Date

    init(_ scheduler: SeededScheduler, start: Date = Date(timeIntervalSince1970: 1_704_067_200)) {
        self.scheduler = scheduler
        self.start = start
    }

    /// The time since the simulation began.
    public var now: Duration { scheduler.now }

    /// The time of day; a simulation begins with the year 2024.
    public var date: Date { start.addingTimeInterval(now / .seconds(1)) }

    /// Waits until that much virtual time has passed; with no time at all, lets others run.
    ///
    /// - Throws: `CancellationError` when the task is cancelled meanwhile.
    public func sleep(for duration: Duration) async throws {
        let id = scheduler.makeSleeperID()
        let slept = await withTaskCancellationHandler {
            await withCheckedContinuation { scheduler.sleep($0, id: id, for: duration) }
        } onCancel: {
            scheduler.cancelSleeper(id)
        }
        if !slept { throw CancellationError() }
    }
}
