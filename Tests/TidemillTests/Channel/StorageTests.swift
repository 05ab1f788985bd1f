import Synchronization
import Testing
import TidemillTesting

@testable import Tidemill

/// Batches and rings hold raw memory, so every element that goes in must be freed exactly once.
@Suite struct StorageTests {
    /// An element that says when it goes.
    private final class Counted: Sendable {
        let number: Int
        private let alive: Alive

        init(_ number: Int, _ alive: Alive) {
            self.number = number
            self.alive = alive
            alive.count.add(1, ordering: .relaxed)
        }

        deinit { alive.count.subtract(1, ordering: .relaxed) }
    }

    private final class Alive: Sendable {
        let count = Atomic<Int>(0)
        var now: Int { count.load(ordering: .relaxed) }
    }

    @Test func batchesAgreeWithArrays() {
        let alive = Alive()
        for seed in 0..<200 {
            var random = SeededRandom(seed: seed)
            let batches = [Batch<Counted>(capacity: 1), Batch<Counted>(capacity: 4)]
            var arrays: [[Int]] = [[], []]
            for number in 0..<200 {
                let one = Int.random(in: 0...1, using: &random)
                switch Int.random(in: 0..<12, using: &random) {
                case 0..<5:
                    batches[one].append(Counted(number, alive))
                    arrays[one].append(number)
                case 5..<8:
                    #expect(batches[one].popFirst()?.number == arrays[one].first)
                    if !arrays[one].isEmpty { arrays[one].removeFirst() }
                case 8..<10:
                    let count = Int.random(in: 0..<6, using: &random)
                    batches[one].append(moving: count, from: batches[1 - one])
                    let moved = arrays[1 - one].prefix(count)
                    arrays[one] += moved
                    arrays[1 - one].removeFirst(moved.count)
                case 10 where !arrays[one].isEmpty:
                    batches[one][0] = Counted(number, alive)
                    arrays[one][0] = number
                default:
                    guard Int.random(in: 0..<10, using: &random) == 0 else { continue }
                    batches[one].removeAll()
                    arrays[one] = []
                }
                #expect(batches.map { $0.elements.map(\.number) } == arrays, "seed \(seed)")
                #expect(alive.now == arrays[0].count + arrays[1].count, "seed \(seed)")
            }
        }
        #expect(alive.now == 0)
    }

    @Test func ringsAgreeWithArrays() {
        let alive = Alive()
        for seed in 0..<200 {
            var random = SeededRandom(seed: seed)
            var ring = Ring<Counted>()
            let batch = Batch<Counted>()
            var (queued, taken): ([Int], [Int]) = ([], [])
            for number in 0..<100 {
                let incoming = Batch<Counted>()
                let count = Int.random(in: 0..<30, using: &random)
                for extra in 0..<count { incoming.append(Counted(number * 100 + extra, alive)) }
                let wanted = Int.random(in: -2..<32, using: &random)
                ring.append(wanted, from: incoming)
                queued += (0..<max(0, min(wanted, count))).map { number * 100 + $0 }
                let leaving = Int.random(in: -2..<34, using: &random)
                ring.move(leaving, to: batch)
                let moved = queued.prefix(max(0, leaving))
                taken += moved
                queued.removeFirst(moved.count)
                #expect(ring.count == queued.count, "seed \(seed)")
                if let first = queued.first { #expect(ring[0].number == first) }
                incoming.removeAll()
                #expect(alive.now == queued.count + taken.count, "seed \(seed)")
            }
            #expect(batch.elements.map(\.number) == taken)
        }
        #expect(alive.now == 0)
    }

    @Test func aChannelFreesWhatNobodyTook() async {
        let alive = Alive()
        for overflow in Overflow.allCases {
            let channel = Channel<Counted>(limits: ChannelLimits(capacity: 3, overflow: overflow))
            let (batch, evicted) = (Batch<Counted>(), Batch<Counted>())
            for number in 0..<5 { batch.append(Counted(number, alive)) }
            _ = channel.trySend(batch, evicted: evicted)
            #expect(alive.now == 5)
        }
        #expect(alive.now == 0)
    }
}
