import Testing

@testable import Tidemill

@Suite struct PoolSizeTests {
    @Test func theMeanIsWeightedByTime() {
        let size = PoolSize(2)
        #expect(size.mean(until: .seconds(9)) == 2, "it has not begun")
        size.begin(at: .seconds(10))
        #expect(size.mean(until: .seconds(10)) == 2)
        size.change(by: 4, "more", at: .seconds(11))
        #expect(size.mean(until: .seconds(12)) == 4)
        size.change(by: -5, "fewer", at: .seconds(12))
        #expect(size.mean(until: .seconds(14)) == 2.5 && size.value == 1)
    }

    @Test func theLatestChangesAreKept() {
        let size = PoolSize(1)
        for number in 1...30 { size.change(by: 1, "\(number)", at: .seconds(number)) }
        #expect(size.changes.map(\.reason) == (11...30).map { "\($0)" })
        let last = ScalingEvent(time: .seconds(30), previous: 30, workers: 31, reason: "30")
        #expect(size.changes.last == last && size.counts == (30, 0))
    }
}
