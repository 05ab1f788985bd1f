import TidemillTesting

@testable import Tidemill

/// When tokens were taken and given back, to be compared with the limit in every window.
struct RateHistory {
    private var events: [(time: Int, taken: Int, returned: Int)] = []

    var taken: Int { events.reduce(0) { $0 + $1.taken } }

    mutating func take(_ count: Int, at time: Duration) { events.append((time.nanoseconds, count, 0)) }

    mutating func giveBack(_ count: Int, at time: Duration) { events.append((time.nanoseconds, 0, count)) }

    /// The first window, if there is one, that holds more than the burst, what the rate brings in its length, and what
    /// was given back in it.
    func excess(over limit: RateLimit) -> String? {
        let interval = limit.interval.nanoseconds
        for first in events.indices where events[first].taken > 0 {
            var taken = 0
            var returned = 0
            for last in first..<events.endIndex {
                taken += events[last].taken
                returned += events[last].returned
                let length = events[last].time - events[first].time
                let most = (limit.burst + returned) * interval + length * limit.count
                guard taken * interval <= most else {
                    return "\(taken) in the \(length) ns from \(events[first].time)"
                }
            }
        }
        return nil
    }
}

extension RateLimit {
    /// A limit whose numbers seldom divide evenly.
    static func random(isPerKey: Bool = false, using random: inout SeededRandom) -> RateLimit {
        RateLimit(
            .random(in: 1...50, using: &random),
            per: .nanoseconds(Int.random(in: 1...1_000_000_000, using: &random)),
            burst: .random(in: 1...20, using: &random),
            isPerKey: isPerKey
        )
    }

    /// A time in which up to a few tokens come.
    func step(using random: inout SeededRandom) -> Duration {
        let token = max(interval.nanoseconds / count, 1)
        return .nanoseconds(Int.random(in: 0...token * Int.random(in: 0...4, using: &random), using: &random))
    }
}
