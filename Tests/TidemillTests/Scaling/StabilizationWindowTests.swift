import Testing

@testable import Tidemill

@Suite struct StabilizationWindowTests {
    @Test func theHighestCounts() {
        var window = StabilizationWindow(length: .seconds(3))
        #expect(window.add(7, elapsed: .seconds(1)) == nil)
        #expect(window.add(2, elapsed: .seconds(1)) == nil)
        #expect(window.add(3, elapsed: .seconds(1)) == nil)
        #expect(window.add(1, elapsed: .seconds(1)) == 7)
        #expect(window.add(1, elapsed: .seconds(1)) == 3)
        #expect(window.add(1, elapsed: .seconds(1)) == 3)
        #expect(window.add(1, elapsed: .seconds(1)) == 1)
    }

    @Test func regretMakesItLonger() {
        var window = StabilizationWindow(length: .seconds(3))
        for _ in 0..<9 {
            window.shrink()
            _ = window.add(1, elapsed: .seconds(5))
            window.grow()
        }
        #expect(window.length == .seconds(48), "sixteen times is the most")
    }

    @Test func aLaterLoadIsNoRegret() {
        var window = StabilizationWindow(length: .seconds(3))
        window.shrink()
        _ = window.add(1, elapsed: .seconds(7))
        window.grow()
        #expect(window.length == .seconds(3))
    }

    @Test func regretIsForgotten() {
        var window = StabilizationWindow(length: .seconds(3))
        window.shrink()
        _ = window.add(1, elapsed: .seconds(1))
        window.grow()
        #expect(window.length == .seconds(6))
        _ = window.add(1, elapsed: .seconds(97))
        window.shrink()
        #expect(window.length == .seconds(3))
    }
}
