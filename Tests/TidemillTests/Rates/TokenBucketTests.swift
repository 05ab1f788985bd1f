import Testing

@testable import Tidemill

@Suite struct TokenBucketTests {
    @Test func holdsABurstAndFillsAtItsRate() {
        let pace = Pace(RateLimit(10, per: .seconds(1), burst: 3))
        var bucket = TokenBucket()
        #expect(bucket.tokens(at: pace.ticks(.zero), pace) == 3)
        bucket.take(3, now: pace.ticks(.zero), pace)
        let times = [0, 99, 100, 199, 200, 300, 5_000]
        #expect(times.map { bucket.tokens(at: pace.ticks(.milliseconds($0)), pace) } == [0, 0, 1, 1, 2, 3, 3])
        #expect(pace.time(bucket.time(of: 1, pace)) == .milliseconds(100))
    }

    /// A third of a second is no whole number of nanoseconds: a billion of them must be a third of a billion seconds.
    @Test func doesNotDrift() {
        let pace = Pace(RateLimit(3, per: .seconds(1), burst: 1_000_000_000))
        var bucket = TokenBucket()
        bucket.take(1_000_000_000, now: pace.ticks(.zero), pace)
        #expect(pace.time(bucket.fullAt) == .nanoseconds(333_333_333_333_333_334))
        #expect(bucket.tokens(at: pace.ticks(.seconds(333_333_333)), pace) == 999_999_999)

        var time = Duration.zero
        var slow = TokenBucket()
        let one = Pace(RateLimit(7, per: .nanoseconds(11), burst: 1))
        for _ in 0..<7_000 {
            slow.take(1, now: one.ticks(time), one)
            // Always as soon as it may: the nanoseconds it is late are not made up for, with room for one token only.
            time = one.time(slow.time(of: 1, one))
        }
        #expect(time == .nanoseconds(14_000), "eleven sevenths, up to whole nanoseconds")

        var even = TokenBucket()
        let many = Pace(RateLimit(7, per: .nanoseconds(11), burst: 2))
        var taken = 0
        for nanosecond in 0..<11_000 {
            let there = even.tokens(at: many.ticks(.nanoseconds(nanosecond)), many)
            even.take(there, now: many.ticks(.nanoseconds(nanosecond)), many)
            taken += there
        }
        #expect(taken == 7_000 + 2 - 1)
    }

    @Test func whatIsGivenBackIsThereAgain() {
        let pace = Pace(RateLimit(1, per: .seconds(1), burst: 5))
        let now = pace.ticks(.seconds(9))
        var bucket = TokenBucket()
        bucket.take(4, now: now, pace)
        bucket.giveBack(3, now: now, pace)
        #expect(bucket.tokens(at: now, pace) == 4)
        bucket.giveBack(100, now: now, pace)
        #expect(bucket.tokens(at: now, pace) == 5, "it holds no more than that")
        bucket.take(5, now: now, pace)
        #expect(bucket.tokens(at: now, pace) == 0)
    }

    @Test(arguments: [
        RateLimit(1, per: .seconds(86_400)),
        RateLimit(1_000_000_000, per: .milliseconds(1)),
        RateLimit(1_000_000_000, per: .nanoseconds(1)),
        RateLimit(1, per: .nanoseconds(1), burst: 1_000_000_000),
        RateLimit(1, per: .seconds(366 * 86_400), burst: 1_000_000_000),
        RateLimit(.max, per: .seconds(Int64.max), burst: .max),
        RateLimit(-1, per: .seconds(-1), burst: .min),
    ])
    func extremesDoNotOverflow(_ limit: RateLimit) {
        let pace = Pace(limit)
        let times: [Duration] = [
            .seconds(Int64.min), .seconds(-1), .zero, .nanoseconds(1), .seconds(1), .seconds(Int64.max),
        ]
        for time in times {
            let now = pace.ticks(time)
            var bucket = TokenBucket()
            #expect(bucket.tokens(at: now, pace) == limit.burst)
            bucket.take(limit.burst, now: now, pace)
            #expect(bucket.tokens(at: now, pace) == 0)
            #expect(pace.time(bucket.time(of: 1, pace)) >= time)
            bucket.giveBack(limit.burst, now: now, pace)
            #expect(bucket.tokens(at: now, pace) == limit.burst)
        }
    }

    @Test func oneADay() {
        let pace = Pace(RateLimit(1, per: .seconds(86_400)))
        var bucket = TokenBucket()
        bucket.take(1, now: pace.ticks(.seconds(5)), pace)
        #expect(pace.time(bucket.time(of: 1, pace)) == .seconds(86_405))
        #expect(bucket.tokens(at: pace.ticks(.seconds(86_405) - .nanoseconds(1)), pace) == 0)
        #expect(bucket.tokens(at: pace.ticks(.seconds(86_405)), pace) == 1)
    }

    @Test func aPortionIsAMillisecondsWorth() {
        #expect(Pace(RateLimit(10, per: .seconds(1))).portion == 1)
        #expect(Pace(RateLimit(50_000, per: .seconds(1))).portion == 50)
        #expect(Pace(RateLimit(50_000, per: .seconds(1), burst: 60)).portion == 30)
        #expect(Pace(RateLimit(50_000, per: .seconds(1), burst: 1)).portion == 1)
    }
}
