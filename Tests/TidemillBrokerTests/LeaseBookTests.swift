import Testing
import TidemillTesting

@testable import TidemillBroker

@Suite struct LeaseBookTests {
    @Test func whatHasEndedStaysUntilTheBrokerKnows() {
        var book = LeaseBook<String>()
        let (first, second) = (book.add("a", until: .seconds(1)), book.add("b", until: .seconds(1)))
        book.end(second, .done)
        book.end(first, .release)
        #expect(book.endings(limit: 10).map(\.number) == [second, first] && book.count == 2)
        #expect(book.endings(limit: 1).map(\.ending.lease) == ["b"])
        book.told([second])
        #expect(book.endings(limit: 10).map(\.ending.verdict) == [.release] && book.count == 1)
        book.told([first, 99])
        #expect(book.count == 0 && book.endedCount == 0)
    }

    @Test func whatEndedOrIsLostIsNotExtended() {
        var book = LeaseBook<String>()
        let numbers = ["a", "b", "c"].map { book.add($0, until: .seconds(1)) }
        book.end(numbers[0], .done)
        #expect(book.lose([numbers[1]]) == [numbers[1]])
        #expect(book.open.map(\.lease) == ["c"])
    }

    @Test func aLeaseIsLostOnceAndItsEndingIsNobodysBusiness() {
        var book = LeaseBook<String>()
        let number = book.add("a", until: .seconds(1))
        #expect(book.expire(now: .milliseconds(999)).isEmpty)
        #expect(book.expire(now: .seconds(1)) == [number])
        #expect(book.expire(now: .seconds(2)).isEmpty && book.count == 1, "the job is still with the pipeline")
        book.end(number, .release)
        #expect(book.count == 0 && book.endings(limit: 1).isEmpty)
    }

    @Test func whatWasExtendedLastsLonger() {
        var book = LeaseBook<String>()
        let number = book.add("a", until: .seconds(1))
        book.extend([number, 99], until: .seconds(3))
        #expect(book.expire(now: .seconds(2)).isEmpty && book.expire(now: .seconds(3)) == [number])
    }

    @Test func whatEndedBeforeItsLeaseDidIsTold() {
        var book = LeaseBook<String>()
        let number = book.add("a", until: .seconds(1))
        book.end(number, .done)
        #expect(book.expire(now: .seconds(2)).isEmpty && book.endings(limit: 1).count == 1)
    }

    @Test func whereLeasesGoWithTheConnectionAllAreLost() {
        var book = LeaseBook<String>()
        let numbers = ["a", "b", "c"].map { book.add($0, until: .seconds(1)) }
        book.end(numbers[0], .done)
        #expect(book.loseAll() == [numbers[1], numbers[2]])
        #expect(book.endings(limit: 9).isEmpty && book.count == 2)
        for number in numbers { book.end(number, .done) }
        #expect(book.count == 0)
    }

    /// Whatever happens in whatever order: a message is counted until the broker knows or it is lost and ended, and is
    /// never both extended and ended.
    @Test(arguments: UInt64(1)...50) func anyOrder(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var book = LeaseBook<Int>()
        var (alive, lost, ended): (Set<Int>, Set<Int>, [Int]) = ([], [], [])
        for step in 0..<400 {
            let pick = alive.union(lost).sorted().randomElement(using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1: alive.insert(book.add(step, until: .seconds(step)))
            case 2:
                guard let pick else { continue }
                book.end(pick, .done)
                if alive.remove(pick) != nil { ended.append(pick) }
                lost.remove(pick)
            case 3:
                var told = Array(ended.prefix(Int.random(in: 0...3, using: &random)))
                if told.count > 1, Bool.random(using: &random) { told.removeFirst() }
                book.told(told)
                ended.removeAll(where: told.contains)
            case 4:
                guard let pick else { continue }
                let isNew = alive.contains(pick)
                #expect(book.lose([pick]) == (isNew ? [pick] : []))
                if alive.remove(pick) != nil { lost.insert(pick) }
            default:
                if Int.random(in: 0..<20, using: &random) > 0 { continue }
                #expect(Set(book.loseAll()) == alive)
                lost.formUnion(alive)
                (alive, ended) = ([], [])
            }
            #expect(book.count == alive.count + lost.count + ended.count)
            #expect(Set(book.open.map(\.number)) == alive && book.endings(limit: 999).map(\.number) == ended)
        }
    }
}
