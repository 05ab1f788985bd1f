/// How many jobs a stage takes in a time.
///
/// In any stretch of time of length `t` there are at most `burst + count · t / interval` of them.
public struct RateLimit: Sendable, Hashable {
    /// How many jobs an interval has.
    public let count: Int
    /// How long an interval is; the jobs are spread over it.
    public let interval: Duration
    /// How many jobs may come at once after a pause.
    public let burst: Int
    /// Whether each key has the rate for itself.
    ///
    /// Jobs without a key have one together.
    public let isPerKey: Bool
    /// What happens to jobs over the rate.
    public let overflow: RateOverflow

    /// The bounds of `count` and of `burst`.
    public static let counts = 1...1_000_000_000
    /// The bounds of `interval`: from a nanosecond to 366 days.
    public static let intervals: ClosedRange<Duration> = .nanoseconds(1) ... .seconds(366 * 86_400)

    /// A limit; by default the burst is `count`, the rate is that of all jobs together, and jobs over it wait.
    ///
    /// What is out of bounds is brought to the nearest bound.
    public init(
        _ count: Int,
        per interval: Duration,
        burst: Int? = nil,
        isPerKey: Bool = false,
        overflow: RateOverflow = .block
    ) {
        func bounded<Number: Comparable>(_ number: Number, _ range: ClosedRange<Number>) -> Number {
            min(max(number, range.lowerBound), range.upperBound)
        }
        self.count = bounded(count, Self.counts)
        self.interval = bounded(interval, Self.intervals)
        self.burst = bounded(burst ?? count, Self.counts)
        self.isPerKey = isPerKey
        self.overflow = overflow
    }
}

/// What happens to jobs over a rate.
public enum RateOverflow: String, Sendable, Hashable, CaseIterable {
    /// They wait in the queue in front of the stage.
    case block
    /// They are dropped.
    case shed
}
