/// A bucket and the stages that wait for its tokens, in the order in which they began to.
///
/// Who comes first when a token does is a matter of timers: without the order, the stage whose timer is always first
/// would take every token. A stage that waits has a claim instead, to one portion of tokens; nobody else takes those
/// that cover it, and a stage that got its portion and wants more waits behind the others.
///
/// The claim of a stage that doesn't come lapses a while after its tokens were there.
struct SharedBucket: Sendable {
    struct Claim: Sendable {
        let asker: Int
        var count: Int
        /// When its tokens and all of those before it are there.
        var due: Int128
    }

    private(set) var bucket = TokenBucket()
    /// Empty where only one stage asks.
    private(set) var claims: [Claim] = []

    /// How long after its tokens were there a claim holds, in nanoseconds.
    static let patience: Int128 = 100_000_000

    init() {}

    /// A bucket with these tokens that nobody waits for.
    init(_ bucket: TokenBucket) { self.bucket = bucket }

    /// Whether it is as good as a new one.
    func isIdle(at now: Int128, _ pace: Pace) -> Bool {
        bucket.isFull(at: now) && claims.allSatisfy { Self.lapse($0, pace) <= now }
    }

    /// Brings what is from before the clock was set back to this time.
    mutating func limit(to now: Int128, _ pace: Pace) {
        if bucket.limit(to: now, pace) { claims = [] }
    }

    /// Takes up to `most` tokens, for a stage that doesn't wait for the rest.
    mutating func take(_ most: Int, now: Int128, _ pace: Pace) -> (count: Int, next: Int128?) {
        limit(to: now, pace)
        let count = min(most, bucket.tokens(at: now, pace))
        bucket.take(count, now: now, pace)
        let rest = most - count
        return (count, rest > 0 ? bucket.time(of: min(pace.portion, rest), pace) : nil)
    }

    /// Takes up to `most` tokens that others don't wait for, or that this stage waited for itself, and lets the stage
    /// wait for the rest.
    mutating func take(_ most: Int, for asker: Int, now: Int128, _ pace: Pace) -> (count: Int, next: Int128?) {
        limit(to: now, pace)
        claims.removeAll { $0.asker != asker && Self.lapse($0, pace) <= now }
        let place = claims.firstIndex { $0.asker == asker } ?? claims.count
        let own = place < claims.count ? claims.remove(at: place).count : 0
        let before = claims[..<place].reduce(0) { $0 + $1.count }
        let others = claims[place...].reduce(before) { $0 + $1.count }
        let there = bucket.tokens(at: now, pace)
        let count = max(min(most, max(min(own, there - before), there - others)), 0)
        bucket.take(count, now: now, pace)
        guard count < most else { return (count, nil) }

        let keepsPlace = count < own
        let wanted = min(keepsPlace ? own - count : pace.portion, most - count)
        return (count, wait(asker, for: wanted, at: keepsPlace ? place : claims.count, now: now, pace))
    }

    mutating func giveBack(_ count: Int, now: Int128, _ pace: Pace) {
        bucket.giveBack(count, now: now, pace)
    }

    /// When the stage is to come again: when its tokens are there, or when the next claim before it lapses.
    private mutating func wait(
        _ asker: Int,
        for count: Int,
        at place: Int,
        now: Int128,
        _ pace: Pace
    ) -> Int128 {
        let ahead = claims[..<place]
        let due = bucket.time(of: ahead.reduce(count) { $0 + $1.count }, pace)
        let lapses = ahead.map { Self.lapse($0, pace) }
        claims.insert(Claim(asker: asker, count: count, due: due), at: place)
        // Where its tokens should be there already, somebody before it hasn't come, and all it can do is outlast them.
        return (due > now ? lapses + [due] : lapses).min() ?? due
    }

    private static func lapse(_ claim: Claim, _ pace: Pace) -> Int128 { claim.due + patience * pace.scale }
}
