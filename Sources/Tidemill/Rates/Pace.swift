/// A rate in exact numbers.
///
/// Time is counted in ticks, of which a nanosecond has as many as the interval has jobs: so the time that brings one
/// token is a whole number of ticks, also where the interval can't be divided by the count, and nothing is rounded
/// before a result goes out. 128 bits hold any `Duration` in ticks, and a billion intervals of a year beside it.
struct Pace: Sendable, Hashable {
    /// How many ticks a nanosecond has.
    let scale: Int128
    /// How many ticks bring one token.
    let cost: Int128
    /// How many tokens a bucket holds.
    let burst: Int
    /// How many tokens a stage waits for at once: what a millisecond brings, so that high rates don't wake it for
    /// every job, but no more than half a bucket, which would overflow while the stage is on its way.
    let portion: Int

    private static let second: Int128 = 1_000_000_000

    init(_ limit: RateLimit) {
        scale = Int128(limit.count)
        cost = Self.nanoseconds(limit.interval)
        burst = limit.burst
        portion = max(min(Int(1_000_000 * scale / cost), limit.burst / 2), 1)
    }

    /// A time in ticks, down to whole nanoseconds: a token comes rather too late than too early.
    func ticks(_ time: Duration) -> Int128 { Self.nanoseconds(time) * scale }

    /// The first whole nanosecond that is not before `ticks`.
    func time(_ ticks: Int128) -> Duration {
        let nanoseconds = ticks > 0 ? (ticks + scale - 1) / scale : ticks / scale
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: Self.second)
        return .seconds(Int64(clamping: seconds)) + .nanoseconds(Int64(rest))
    }

    private static func nanoseconds(_ duration: Duration) -> Int128 {
        let (seconds, attoseconds) = duration.components
        let (whole, rest) = attoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return Int128(seconds) * second + Int128(rest < 0 ? whole - 1 : whole)
    }
}
