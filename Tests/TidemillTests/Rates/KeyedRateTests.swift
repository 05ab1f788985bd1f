import Testing
import TidemillTesting

@testable import Tidemill

@Suite struct KeyedRateTests {
    private let pace = Pace(RateLimit(1, per: .seconds(1), burst: 2, isPerKey: true))

    @Test func keysHaveTheRateForThemselves() {
        let asker = RateLimiter(RateLimit(1, per: .seconds(1), isPerKey: true)).asker()
        #expect(asker.take(1, key: 1, now: .zero).count == 1)
        #expect(asker.take(1, key: 1, now: .zero) == RateGrant(count: 0, next: .seconds(1)))
        #expect(asker.take(1, key: 2, now: .zero).count == 1)
        #expect(asker.take(1, key: nil, now: .zero).count == 1, "jobs without a key have one together")
        #expect(asker.take(1, key: nil, now: .zero).count == 0)
        asker.giveBack(1, key: 2)
        #expect(asker.take(1, key: 1, now: .zero).count == 0)
        #expect(asker.take(1, key: 2, now: .zero).count == 1)
    }

    @Test func withoutPerKeyTheKeyDoesNotMatter() {
        let asker = RateLimiter(RateLimit(1, per: .seconds(1))).asker()
        #expect(asker.take(1, key: 1, now: .zero).count == 1)
        #expect(asker.take(1, key: 2, now: .zero).count == 0)
        asker.giveBack(1, key: 3)
        #expect(asker.take(1, key: 4, now: .zero).count == 1)
    }

    @Test(arguments: 0..<50)
    func noKeyHasTooMuchInAnyWindow(seed: Int) {
        var random = SeededRandom(seed: seed)
        let limit = RateLimit.random(isPerKey: true, using: &random)
        let pace = Pace(limit)
        // Few places, so that keys come to share a bucket and get out of it again.
        var buckets = KeyedBuckets(capacity: 3)
        var histories = [RateHistory](repeating: RateHistory(), count: 8)
        var now = Duration.zero
        for _ in 0..<2_000 {
            now += .nanoseconds(limit.step(using: &random).nanoseconds / 2)
            let key = Int.random(in: 0..<8, using: &random)
            let most = Int.random(in: 1...20, using: &random)
            let time = pace.ticks(now)
            let count = buckets.with(UInt64(key), now: time, pace) { $0.take(most, now: time, pace).count }
            if count > 0 { histories[key].take(count, at: now) }
            #expect(buckets.count <= 3)
        }
        for history in histories {
            #expect(history.taken > 0, "a key that has to share gets something")
            #expect(history.excess(over: limit) == nil)
        }
    }

    @Test func keysWhoseBucketsAreFullAreForgotten() {
        var buckets = KeyedBuckets()
        for second in 0..<50 {
            let now = pace.ticks(.seconds(second))
            for key in 0..<1_000 {
                let granted = buckets.with(UInt64(second * 1_000 + key), now: now, pace) {
                    $0.take(1, now: now, pace).count
                }
                #expect(granted == 1)
            }
        }
        #expect(buckets.count < 4_000, "50 000 keys came, of which 1000 at a time are not full")
    }

    @Test func oneThatIsForgottenWasFull() {
        var buckets = KeyedBuckets()
        func take(_ most: Int, _ key: UInt64, at time: Duration) -> Int {
            let now = pace.ticks(time)
            return buckets.with(key, now: now, pace) { $0.take(most, now: now, pace).count }
        }
        #expect(take(2, 0, at: .zero) == 2)
        for key in 1...5_000 { _ = take(1, UInt64(key), at: .milliseconds(1_500)) }
        #expect(take(2, 0, at: .milliseconds(1_500)) == 1, "it was not full yet")
        for key in 6_000...16_000 { _ = take(1, UInt64(key), at: .seconds(9)) }
        #expect(take(3, 0, at: .seconds(9)) == 2)
    }

    @Test func keysBeyondTheCapacityShareOneBucket() {
        var buckets = KeyedBuckets(capacity: 2)
        let now = pace.ticks(.zero)
        let granted = (0..<5).map { key in buckets.with(key, now: now, pace) { $0.take(2, now: now, pace).count } }
        #expect(granted == [2, 2, 2, 0, 0])
        #expect(buckets.count == 2)
    }

    @Test func aClaimKeepsAKeyFromBeingForgotten() {
        let limiter = RateLimiter(RateLimit(1, per: .milliseconds(1), isPerKey: true))
        let (first, second) = (limiter.asker(), limiter.asker())
        _ = first.take(1, key: 7, now: .zero)
        #expect(first.take(1, key: 7, now: .zero).next == .milliseconds(1))
        for key in 1_000..<5_000 { _ = second.take(1, key: UInt64(key), now: .milliseconds(50)) }
        #expect(second.take(1, key: 7, now: .milliseconds(50)).count == 0, "the first one's turn")
        #expect(first.take(1, key: 7, now: .milliseconds(50)).count == 1)
        for key in 6_000..<20_000 { _ = second.take(1, key: UInt64(key), now: .seconds(1)) }
        #expect(limiter.keys < 20_000)
    }
}
