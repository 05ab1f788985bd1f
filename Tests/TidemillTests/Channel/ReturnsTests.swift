import Testing

@testable import Tidemill

/// Elements that come back to a channel, and its gate.
@Suite struct ReturnsTests {
    private struct Fixture: ~Copyable {
        var state: ChannelState<Int, Int>
        var wakeups = ChannelState<Int, Int>.Wakeups()
        let leftovers = Batch<Int>()
        let evicted = Batch<Int>()

        init(capacity: Int = 4) { state = ChannelState(limits: ChannelLimits(capacity: capacity)) }

        mutating func send(_ values: Int...) {
            let batch = Batch<Int>()
            for value in values { batch.append(value) }
            _ = state.send(batch, evicted: evicted, waiter: nil, wakeups: &wakeups)
        }

        mutating func receive(_ limit: Int = 9) -> ([Int], UInt64, ChannelSignal?) {
            let batch = Batch<Int>()
            let signal = state.receive(batch, limit: limit, waiter: nil, wakeups: &wakeups)
            return (Array(batch.elements), batch.position, signal)
        }

        mutating func wait(_ id: Int) -> Batch<Int> {
            let batch = Batch<Int>()
            #expect(state.receive(batch, limit: 9, waiter: (UInt64(id), id), wakeups: &wakeups) == nil)
            return batch
        }

        mutating func expect(_ count: Int) {
            for value in 0..<count { state.expect(value, from: Batch()) }
        }

        mutating func giveBack(_ value: Int, _ position: UInt64) {
            state.giveBack(value, position: position, leftovers: leftovers, wakeups: &wakeups)
        }

        /// Who was woken with what since the last time.
        mutating func woken() -> [Int: ChannelSignal] {
            let all = (wakeups.first.map { [$0] } ?? []) + wakeups.others
            wakeups = ChannelState<Int, Int>.Wakeups()
            return Dictionary(uniqueKeysWithValues: all.map { ($0.token, $0.signal) })
        }
    }

    @Test func whatComesBackIsTakenFirstAndAlone() {
        var fixture = Fixture()
        fixture.send(1, 2, 3)
        #expect(fixture.receive(1) == ([1], 0, .done))
        fixture.expect(1)
        fixture.giveBack(1, 0)
        #expect(fixture.receive() == ([1], 0, .done), "under its old position")
        #expect(fixture.receive() == ([2, 3], 1, .done))
    }

    @Test func aFinishedChannelWaitsForWhatIsExpected() {
        var fixture = Fixture()
        fixture.send(1)
        #expect(fixture.receive() == ([1], 0, .done))
        fixture.expect(1)
        fixture.state.finish(wakeups: &fixture.wakeups)
        #expect(fixture.receive().2 == .empty)
        let first = fixture.wait(1)
        _ = fixture.wait(2)
        #expect(fixture.woken().isEmpty)
        fixture.giveBack(1, 0)
        #expect(fixture.woken() == [2: .done, 1: .finished])
        #expect(first.isEmpty && fixture.receive().2 == .finished)
    }

    @Test func aFinishedChannelEndsWhenNothingComesBackAfterAll() {
        var fixture = Fixture()
        fixture.expect(2)
        fixture.state.finish(wakeups: &fixture.wakeups)
        _ = fixture.wait(1)
        fixture.state.forget(1, wakeups: &fixture.wakeups)
        #expect(fixture.woken().isEmpty)
        fixture.state.forget(1, wakeups: &fixture.wakeups)
        #expect(fixture.woken() == [1: .finished])
    }

    @Test func cancelGivesBackWhatCameBack() {
        var fixture = Fixture()
        fixture.expect(2)
        fixture.giveBack(7, 0)
        fixture.state.cancel(leftovers: fixture.leftovers, wakeups: &fixture.wakeups)
        fixture.giveBack(8, 1)
        #expect(Array(fixture.leftovers.elements) == [7, 8])
        #expect(fixture.receive().2 == .cancelled)
    }

    @Test(arguments: [0, 4]) func aShutGateHoldsEverythingBack(capacity: Int) {
        var fixture = Fixture(capacity: capacity)
        fixture.state.setGate(0, wakeups: &fixture.wakeups)
        let (first, second) = (fixture.wait(1), fixture.wait(2))
        let batch = Batch<Int>()
        for value in 1...6 { batch.append(value) }
        _ = fixture.state.send(batch, evicted: fixture.evicted, waiter: (3, 3), wakeups: &fixture.wakeups)
        #expect(fixture.woken().isEmpty && fixture.state.count == capacity)
        fixture.state.setGate(1, wakeups: &fixture.wakeups)
        #expect(fixture.woken() == [2: .done] && Array(second.elements) == [1], "one on trial")
        fixture.state.setGate(.max, wakeups: &fixture.wakeups)
        #expect(fixture.woken() == [1: .done, 3: .done])
        #expect(Array(first.elements) == [2, 3, 4, 5, 6] && first.position == 1)
    }

    @Test func onHoldOnlyWhatCameBackIsTaken() {
        var fixture = Fixture()
        fixture.send(1, 2)
        #expect(fixture.receive(1).0 == [1])
        fixture.state.setHold(true, wakeups: &fixture.wakeups)
        #expect(fixture.receive().2 == .empty)
        fixture.expect(1)
        _ = fixture.wait(1)
        fixture.giveBack(1, 0)
        #expect(fixture.woken() == [1: .done])
        _ = fixture.wait(2)
        fixture.state.setHold(false, wakeups: &fixture.wakeups)
        #expect(fixture.woken() == [2: .done])
    }

    @Test func aShutGateIsNoEnd() {
        var fixture = Fixture()
        fixture.send(1)
        fixture.state.setGate(0, wakeups: &fixture.wakeups)
        fixture.state.finish(wakeups: &fixture.wakeups)
        #expect(fixture.receive().2 == .empty)
        _ = fixture.wait(1)
        _ = fixture.wait(2)
        fixture.state.setGate(1, wakeups: &fixture.wakeups)
        #expect(fixture.woken() == [2: .done, 1: .finished])
    }
}
