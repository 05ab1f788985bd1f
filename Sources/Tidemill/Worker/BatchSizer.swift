import Synchronization

/// How many jobs a stage's workers take at a time: so many that the channel's lock and the waking of others cost little,
/// so few that a run is never more than about half a millisecond of work.
///
/// A slow handler (an HTTP call) therefore takes jobs one by one, and a fast one in runs; nobody has to configure it.
/// The workers learn together: of ten thousand, each would otherwise begin with one job and wake all the others.
final class BatchSizer: Sendable {
    static let most = 512
    static let budget = 500_000.0  // nanoseconds

    private let size = Atomic<Int>(1)
    private let cost = Mutex(0.0)  // nanoseconds a job, a moving average

    /// How many jobs to take now.
    var limit: Int { size.load(ordering: .relaxed) }

    /// Learns from a run of `count` jobs that took `nanoseconds`; some runs pass unnoticed while others are noted.
    func record(count: Int, nanoseconds: Int) {
        guard count > 0 else { return }
        let sample = Double(max(nanoseconds, 0)) / Double(count)
        cost.withLockIfAvailable { cost in
            cost = cost == 0 ? sample : cost * 0.75 + sample * 0.25
            let affordable = Self.budget / max(cost, 1)
            // It grows by doubling, so that one lucky first job doesn't make a run of hundreds of slow ones.
            size.store(max(1, min(Self.most, limit * 2, Int(affordable))), ordering: .relaxed)
        }
    }
}
