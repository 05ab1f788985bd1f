import Synchronization

/// A rate limit at work: one for all stages that share it, each of which asks through a ``RateAsker`` of its own.
///
/// What holds, whatever the times at which they ask:
/// - In any stretch of time, as the clock was read, the tokens taken are at most the burst, what the rate brings in that
///   time, and what was given back in it.
/// - While stages wait and come when they were told, no token is lost, but for the nanosecond that times are rounded up
///   to where the burst is 1.
/// - Stages that wait get their tokens in turn: one that comes within a tenth of a second of the time it was told gets
///   a portion, which is what the rate brings in a millisecond, at least one token and at most half the burst. A stage
///   that comes for many jobs at once may have more, but only of what the others aren't waiting for.
/// - Tokens that are kept for a stage that doesn't come back are free again after that tenth of a second.
package final class RateLimiter: Sendable {
    private struct State: Sendable {
        var time = TokenBucket.longAgo
        var askers = 0
        var buckets = KeyedBuckets()
    }

    /// What it limits to.
    package let limit: RateLimit
    private let pace: Pace
    private let clock: (any PipelineClock)?
    private let state = Mutex(State())

    /// How far a time may lie behind the latest before it counts as a clock that was set back, and no longer as
    /// somebody who read it and was then held up; in nanoseconds.
    private static let setBack: Int128 = 60_000_000_000

    /// A limiter with full buckets.
    ///
    /// With a clock of its own it goes by that, and not by the time that it is asked with: stages of several pipelines
    /// have clocks that don't begin together.
    package init(_ limit: RateLimit, clock: (any PipelineClock)? = nil) {
        self.limit = limit
        self.clock = clock
        pace = Pace(limit)
    }

    /// A place for a stage that asks.
    package func asker() -> RateAsker {
        let id = state.withLock { state in
            state.askers += 1
            return state.askers
        }
        return RateAsker(limiter: self, id: id)
    }

    /// How many keys it remembers.
    var keys: Int { state.withLock { $0.buckets.count } }

    fileprivate func take(_ most: Int, for asker: Int, key: UInt64?, now: Duration) -> RateGrant {
        guard most > 0 else { return RateGrant(count: 0, next: nil) }
        let local = clock?.now ?? now
        let (count, next) = state.withLock { state in
            let time = advance(&state, to: local)
            // Where only one asks, there is no order to keep.
            let waitsInTurn = limit.overflow == .block && state.askers > 1
            return state.buckets.with(limit.isPerKey ? key : nil, now: time, pace) { bucket in
                waitsInTurn
                    ? bucket.take(most, for: asker, now: time, pace) : bucket.take(most, now: time, pace)
            }
        }
        return RateGrant(count: count, next: next.map { now + (pace.time($0) - local) })
    }

    fileprivate func giveBack(_ count: Int, key: UInt64?) {
        guard count > 0 else { return }
        state.withLock { state in
            state.buckets.giveBack(count, key: limit.isPerKey ? key : nil, now: state.time, pace)
        }
    }

    /// The time to go by, which doesn't go back unless the clock was set back; then buckets are empty at most.
    private func advance(_ state: inout State, to now: Duration) -> Int128 {
        let time = pace.ticks(now)
        if time > state.time || time < state.time - Self.setBack * pace.scale { state.time = time }
        return state.time
    }
}

/// One stage's place at a ``RateLimiter``.
package struct RateAsker: Sendable {
    fileprivate let limiter: RateLimiter
    fileprivate let id: Int

    /// What it limits to.
    package var limit: RateLimit { limiter.limit }

    /// Takes as many of `most` tokens as there are for this stage now.
    ///
    /// The key, a hash of a job's, matters only where the limit is per key; jobs without one share a rate. A stage that
    /// got too few should come again at ``RateGrant/next``, where its turn is kept for a tenth of a second; asking
    /// earlier does no harm.
    package func take(_ most: Int, key: UInt64? = nil, now: Duration) -> RateGrant {
        limiter.take(most, for: id, key: key, now: now)
    }

    /// Puts tokens back that were taken and not used, as soon as that is known.
    ///
    /// Nobody is told: a stage that waits finds them when it comes.
    package func giveBack(_ count: Int, key: UInt64? = nil) {
        limiter.giveBack(count, key: key)
    }
}

/// What a stage was given.
package struct RateGrant: Sendable, Hashable {
    /// How many tokens it has taken: so many jobs may go.
    package let count: Int
    /// When to ask for the rest, on the asker's clock; nil if there is none.
    ///
    /// It is after the time of asking, and no later than the next portion of tokens is there.
    package let next: Duration?
}
