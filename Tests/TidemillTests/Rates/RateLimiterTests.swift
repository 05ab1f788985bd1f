import Testing
import TidemillTesting

@testable import Tidemill

@Suite struct RateLimiterTests {
    @Test func saysWhenToComeAgain() {
        let asker = RateLimiter(RateLimit(10, per: .seconds(1), burst: 3)).asker()
        #expect(asker.take(2, now: .zero) == RateGrant(count: 2, next: nil))
        #expect(asker.take(2, now: .zero) == RateGrant(count: 1, next: .milliseconds(100)))
        #expect(asker.take(5, now: .milliseconds(50)) == RateGrant(count: 0, next: .milliseconds(100)))
        #expect(asker.take(1, now: .milliseconds(100)) == RateGrant(count: 1, next: nil))
        #expect(asker.take(0, now: .milliseconds(100)) == RateGrant(count: 0, next: nil))
        asker.giveBack(1)
        #expect(asker.take(2, now: .milliseconds(100)) == RateGrant(count: 1, next: .milliseconds(200)))
    }

    @Test(arguments: 0..<300)
    func noWindowHoldsTooMuch(seed: Int) {
        var random = SeededRandom(seed: seed)
        let limit = RateLimit.random(using: &random)
        let limiter = RateLimiter(limit)
        let askers = (0..<Int.random(in: 1...3, using: &random)).map { _ in limiter.asker() }
        var history = RateHistory()
        var now = Duration.seconds(Int.random(in: -10...10, using: &random))
        // Tokens belong to the latest time that anybody has read.
        var latest = now - .seconds(60)
        for _ in 0..<150 {
            now += limit.step(using: &random)
            let asker = askers[Int.random(in: 0..<askers.count, using: &random)]
            // One that read the clock and was then held up.
            let read = Bool.random(using: &random) ? now : now - limit.step(using: &random)
            let most = Int.random(in: 0...30, using: &random)
            let grant = asker.take(most, now: read)
            if most > 0 { latest = max(latest, read) }
            history.take(grant.count, at: latest)
            #expect((0...most).contains(grant.count))
            #expect((grant.next == nil) == (grant.count == most))
            if let next = grant.next { #expect(next > read) }
            if grant.count > 0, Int.random(in: 0..<5, using: &random) == 0 {
                let count = Int.random(in: 1...grant.count, using: &random)
                asker.giveBack(count)
                history.giveBack(count, at: latest)
            }
        }
        #expect(history.excess(over: limit) == nil)
    }

    /// Stages that want more than there is and come when they were told leave nothing unused.
    @Test(arguments: 0..<200)
    func underLoadTheRateIsUsed(seed: Int) {
        var random = SeededRandom(seed: seed)
        let limit = RateLimit.random(using: &random)
        var stages = WaitingStages(
            RateLimiter(limit),
            wants: (0..<1 + seed % 4).map { _ in .random(in: 1...50, using: &random) }
        )
        let end = Duration.nanoseconds(limit.interval.nanoseconds * 40)
        stages.run(until: end)
        // What they wait for is one portion each; the nanoseconds that times are rounded up by are lost where the
        // bucket has room for one token only.
        let brought = limit.count * 40 + limit.burst
        let rounded = limit.burst == 1 ? stages.history.taken * limit.count / limit.interval.nanoseconds + 1 : 0
        let waiting = stages.taken.count * Pace(limit).portion
        #expect(stages.history.taken <= brought)
        #expect(stages.history.taken >= brought - waiting - rounded, "\(limit)")
        #expect(stages.history.excess(over: limit) == nil)
    }

    /// Whose timer is first must not matter: all the tokens could go to that one.
    @Test(
        arguments: [1, 2, 5, 40],
        [RateLimit(100, per: .seconds(1), burst: 1), RateLimit(1_000_000, per: .seconds(1))]
    )
    func stagesThatWaitTakeTurns(want: Int, limit: RateLimit) {
        var stages = WaitingStages(RateLimiter(limit), wants: [10_000, want, 10_000])
        stages.run(until: .zero)
        stages.taken = [0, 0, 0]
        stages.run(until: limit.interval)
        let rounds = limit.count / 3 / Pace(limit).portion
        let least = (rounds - 1) * min(Pace(limit).portion, want)
        #expect(stages.taken.min() ?? 0 >= least, "\(stages.taken)")
        #expect(stages.taken.reduce(0, +) >= limit.count - 3 * Pace(limit).portion)
    }

    @Test func oneThatDoesNotComeBackHoldsNobodyUpForLong() {
        let limiter = RateLimiter(RateLimit(1, per: .seconds(1)))
        let (gone, here) = (limiter.asker(), limiter.asker())
        #expect(here.take(1, now: .zero).count == 1)
        #expect(gone.take(1, now: .zero) == RateGrant(count: 0, next: .seconds(1)))
        #expect(here.take(1, now: .zero) == RateGrant(count: 0, next: .milliseconds(1_100)))
        #expect(here.take(1, now: .seconds(1)) == RateGrant(count: 0, next: .milliseconds(1_100)), "kept for it")
        #expect(here.take(2, now: .milliseconds(1_100)) == RateGrant(count: 1, next: .milliseconds(2_100)))
    }

    @Test func askingEarlierDoesNotCostTheTurn() {
        let limiter = RateLimiter(RateLimit(1, per: .seconds(1)))
        let (first, second) = (limiter.asker(), limiter.asker())
        #expect(first.take(2, now: .zero).next == .seconds(1))
        _ = second.take(1, now: .zero)
        #expect(first.take(2, now: .milliseconds(500)) == RateGrant(count: 0, next: .seconds(1)))
        #expect(second.take(1, now: .seconds(1)).count == 0)
        #expect(first.take(2, now: .seconds(1)).count == 1)
        #expect(first.take(2, now: .seconds(2)).count == 0, "it waits behind the other now")
        #expect(second.take(1, now: .seconds(2)) == RateGrant(count: 1, next: nil))
    }

    @Test func whoShedsKeepsNothingForItself() {
        let limiter = RateLimiter(RateLimit(1, per: .seconds(1), overflow: .shed))
        let (first, second) = (limiter.asker(), limiter.asker())
        #expect(first.take(3, now: .zero).count == 1)
        #expect(second.take(1, now: .seconds(1)).count == 1)
    }

    @Test func aClockThatIsSetBackStopsNothingForLong() {
        let asker = RateLimiter(RateLimit(1, per: .seconds(1), burst: 3)).asker()
        _ = asker.take(3, now: .seconds(100_000))
        #expect(asker.take(1, now: .seconds(99_990)) == RateGrant(count: 0, next: .seconds(100_001)), "one held up")
        #expect(asker.take(1, now: .seconds(10)) == RateGrant(count: 0, next: .seconds(11)))
        #expect(asker.take(3, now: .seconds(11)).count == 1)
        #expect(asker.take(9, now: .seconds(1 << 40)).count == 3, "a leap forward brings one burst")
        _ = asker.take(1, now: .seconds(Int64.max))
        _ = asker.take(1, now: .seconds(Int64.min))
        #expect(asker.take(9, now: .zero).count == 3)
    }

    @Test func pipelinesWithOtherClocksMayShareOne() {
        let clock = ManualClock()
        let shared = SharedRateLimit(RateLimit(1, per: .seconds(1)), clock: clock)
        let (old, new) = (StageRateLimit.shared(shared).asker(), StageRateLimit.shared(shared).asker())
        #expect(old.take(1, now: .seconds(5_000)).count == 1)
        #expect(new.take(1, now: .seconds(3)) == RateGrant(count: 0, next: .seconds(4)))
        clock.advance(by: .seconds(1))
        #expect(new.take(1, now: .seconds(4)).count == 1)
        #expect(old.take(1, now: .seconds(5_001)) == RateGrant(count: 0, next: .seconds(5_002)))
    }
}

/// Stages with more jobs than they may take, each of which comes exactly when it was told, the first always first.
private struct WaitingStages {
    private let askers: [RateAsker]
    private let wants: [Int]
    private var times: [Duration]
    var taken: [Int]
    private(set) var history = RateHistory()

    init(_ limiter: RateLimiter, wants: [Int]) {
        askers = wants.map { _ in limiter.asker() }
        self.wants = wants
        times = wants.map { _ in .zero }
        taken = wants.map { _ in 0 }
    }

    mutating func run(until end: Duration) {
        while let now = times.min(), now <= end, let stage = times.firstIndex(of: now) {
            let grant = askers[stage].take(wants[stage], now: now)
            taken[stage] += grant.count
            history.take(grant.count, at: now)
            // One that has all it wanted has the next jobs at once.
            times[stage] = grant.next ?? now
        }
    }
}
