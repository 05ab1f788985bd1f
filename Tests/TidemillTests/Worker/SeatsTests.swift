import Synchronization
import Testing
import TidemillTesting

@testable import Tidemill

/// Which workers have nothing to do, where every job has a task of its own.
@Suite struct SeatsTests {
    @Test func theOneThatWasGivenBackLastIsTakenFirst() async {
        let seats = Seats(3)
        for number in 0..<3 { #expect(await seats.take().number == number) }
        seats.giveBack(0, nil)
        seats.giveBack(2, nil)
        #expect(await seats.take().number == 2)
        #expect(await seats.take().number == 0)
    }

    @Test func whoeverWaitsGetsTheNextOne() async {
        let seats = Seats(1)
        #expect(await seats.take().number == 0)
        async let next = seats.take().number
        seats.giveBack(0, nil)
        #expect(await next == 0)
    }

    @Test func growingServesWhoeverWaits() async {
        let seats = Seats(1)
        _ = await seats.take()
        async let next = seats.take().number
        seats.resize(to: 3)
        #expect(await next == 1)
        #expect(await seats.take().number == 2)
    }

    @Test func thoseThatAreTooManyAreNotTakenAgain() async {
        let seats = Seats(3)
        for _ in 0..<3 { _ = await seats.take() }
        seats.resize(to: 1)
        seats.giveBack(2, nil)
        seats.giveBack(1, nil)
        async let next = seats.take().number
        seats.giveBack(0, nil)
        #expect(await next == 0)
    }

    @Test func theEndWaitsForThoseAtWork() async {
        let seats = Seats(2)
        _ = await seats.take()
        let isOver = Mutex(false)
        let end = Task {
            _ = await seats.end()
            isOver.withLock { $0 = true }
        }
        for _ in 0..<20 { await Task.yield() }
        #expect(!isOver.withLock { $0 })
        seats.giveBack(0, nil)
        await end.value
        #expect(isOver.withLock { $0 })
    }

    @Test func whetherMoreAreDoneIsTold() async {
        let seats = Seats(2)
        #expect(await !seats.isMoreDone(than: 0), "none is at work")
        _ = await seats.take()
        _ = await seats.take()
        async let more = seats.isMoreDone(than: 0)
        seats.giveBack(1, nil)
        #expect(await more)
        #expect(await seats.isMoreDone(than: 0), "it has been before")
        seats.giveBack(0, nil)
        #expect(await !seats.isMoreDone(than: 2))
    }

    /// However often the number changes, no worker is taken twice, and no more are than there may be.
    @Test func randomSequences() async {
        for seed in 0..<200 {
            var random = SeededRandom(seed: seed)
            let seats = Seats(2)
            var (busy, size): (Set<Int>, Int) = ([], 2)
            for _ in 0..<60 {
                switch random.pick([(4, 0), (4, 1), (1, 2)]) {
                case 0 where (0..<size).contains { !busy.contains($0) }:
                    let number = await seats.take().number
                    #expect(number < size && busy.insert(number).inserted, "seed \(seed)")
                case 1:
                    guard let number = busy.sorted().randomElement(using: &random) else { continue }
                    busy.remove(number)
                    seats.giveBack(number, nil)
                case 2:
                    size = Int.random(in: 1...5, using: &random)
                    seats.resize(to: size)
                default: break
                }
            }
            for number in busy { seats.giveBack(number, nil) }
            #expect(await seats.end().isEmpty)
        }
    }
}
