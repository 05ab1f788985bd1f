/// How many jobs a worker takes at a time: so many that the channel's lock and the waking of others cost little, so
/// few that a batch is never more than about half a millisecond of work.
///
/// A slow handler (an HTTP call) therefore takes jobs one by one, and a fast one in runs; nobody has to configure it.
struct BatchSizer {
    static let most = 512
    static let budget = 500_000.0  // nanoseconds

    private(set) var limit = 1
    private var cost = 0.0  // nanoseconds a job, a moving average

    /// Learns from a batch of `count` jobs that took `nanoseconds`.
    mutating func record(count: Int, nanoseconds: Int) {
        guard count > 0 else { return }
        let sample = Double(max(nanoseconds, 0)) / Double(count)
        cost = cost == 0 ? sample : cost * 0.75 + sample * 0.25
        let affordable = Self.budget / max(cost, 1)
        // It grows by doubling, so that one lucky first job doesn't make a batch of hundreds of slow ones.
        limit = max(1, min(Self.most, limit * 2, Int(affordable)))
    }
}
