/// Tokens that come at an even pace until the bucket is full, without clock and lock.
///
/// All it knows is when it will be full (the "theoretical arrival time" of the generic cell rate algorithm): every
/// token taken puts that off by what one token costs. So nothing is added up that could drift, however many jobs pass.
struct TokenBucket: Sendable, Hashable {
    /// When it is full, in ticks; what is past is the same as now.
    private(set) var fullAt: Int128

    /// Before all times that a clock can show, and far from where numbers end.
    static let longAgo = Int128.min / 2

    /// A full bucket.
    init() { fullAt = Self.longAgo }

    func isFull(at now: Int128) -> Bool { fullAt <= now }

    /// How many tokens there are.
    func tokens(at now: Int128, _ pace: Pace) -> Int {
        let missing = fullAt - now
        guard missing > 0 else { return pace.burst }
        return max(pace.burst - Int(clamping: (missing + pace.cost - 1) / pace.cost), 0)
    }

    /// When there will be so many tokens, if none are taken before.
    ///
    /// For more than the bucket holds it is when there would be, if what is too much were taken as it came.
    func time(of tokens: Int, _ pace: Pace) -> Int128 {
        fullAt - Int128(pace.burst - tokens) * pace.cost
    }

    /// Takes tokens that are there.
    mutating func take(_ count: Int, now: Int128, _ pace: Pace) {
        fullAt = max(fullAt, now) + Int128(count) * pace.cost
    }

    /// Puts tokens back; what doesn't fit is lost.
    mutating func giveBack(_ count: Int, now: Int128, _ pace: Pace) {
        guard !isFull(at: now) else { return }
        fullAt = max(fullAt - Int128(count) * pace.cost, now)
    }

    /// Brings a bucket from before the clock was set back to this time, at which it is empty at most; whether it was
    /// such a one.
    mutating func limit(to now: Int128, _ pace: Pace) -> Bool {
        let emptyNow = now + Int128(pace.burst) * pace.cost
        guard fullAt > emptyNow else { return false }
        fullAt = emptyNow
        return true
    }
}
