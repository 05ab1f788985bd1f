import Foundation
import Testing
import Tidemill
import TidemillBroker
import TidemillTesting

@testable import TidemillQueue

/// Random calls on a store and on a plain model of it: both say the same, always.
@Suite(.timeLimit(.minutes(5)))
struct ModelTests {
    @Test(arguments: 0..<12) func storeDoesAsTheModel(seed: Int) throws {
        let seed = ProcessInfo.processInfo.environment["TIDEMILL_SEED"].flatMap { Int($0) } ?? seed
        var random = SeededRandom(seed: seed)
        let file = try QueueFile()
        // Every third seed reopens the file all the time; every second one keeps the order of keys.
        var store = file.store
        var model = QueueModel(isOrdered: seed.isMultiple(of: 2))
        if model.isOrdered { try store.keepOrder(of: "q") }
        var held: [QueueLease] = []
        for step in 0..<400 {
            if seed.isMultiple(of: 3), random.chance(0.05) { store = file.other() }
            let moment = store.now
            switch Int.random(in: 0..<12, using: &random) {
            case 0...3:
                let messages = (0..<Int.random(in: 1...4, using: &random)).map { index in
                    NewMessage(
                        Bytes("\(step)-\(index)"),
                        key: random.chance(0.6) ? Bytes("k\(Int.random(in: 0..<4, using: &random))") : nil,
                        priority: Int.random(in: 0...2, using: &random),
                        delay: random.chance(0.3) ? .seconds(Int.random(in: 0...30, using: &random)) : .zero,
                        uniqueKey: random.chance(0.2) ? Bytes("u\(Int.random(in: 0..<5, using: &random))") : nil
                    )
                }
                let receipts = try store.enqueue(messages, to: "q")
                #expect(receipts == model.enqueue(messages, receipts, at: moment), "seed \(seed), step \(step)")
            case 4...6:
                let count = Int.random(in: 1...4, using: &random)
                let leased = try store.lease(count, from: "q", for: .seconds(20))
                let expected = model.lease(count, at: moment, until: moment + 20_000, token: leased.first?.lease.token)
                #expect(leased.map(\.lease.id) == expected, "seed \(seed), step \(step)")
                for message in leased {
                    #expect(message.message.attempts == model[message.lease.id]?.attempts, "seed \(seed), step \(step)")
                }
                held += leased.map(\.lease)
            case 7, 8:
                guard let lease = held.randomElement(using: &random) else { continue }
                let verdict = random.pick([
                    (weight: 4, choice: LeaseEnding<QueueLease>.Verdict.done), (1, .release),
                    (1, .giveUp(reason: "no")),
                    (2, .again(after: .seconds(Int.random(in: 0...15, using: &random)), reason: "later")),
                ])
                let lost = try store.settle([LeaseEnding(lease, verdict)], in: "q")
                #expect(lost.isEmpty == model.settle(lease, verdict, at: moment), "seed \(seed), step \(step)")
            case 9:
                guard let lease = held.randomElement(using: &random) else { continue }
                let lost = try store.extend([lease], by: .seconds(20))
                #expect(lost.isEmpty == model.extend(lease, until: moment + 20_000), "seed \(seed), step \(step)")
            case 10:
                if random.chance(0.5) {
                    #expect(try store.retry(nil, of: "q") == model.retry(at: moment), "seed \(seed), step \(step)")
                } else if random.chance(0.2) {
                    #expect(try store.purge(.dead, of: "q") == model.purgeDead(), "seed \(seed), step \(step)")
                }
            default: file.clock.advance(by: .milliseconds(Int.random(in: 0...9_000, using: &random)))
            }
            let counts = try store.statistics(of: "q").counts
            #expect(counts == model.counts(at: store.now), "seed \(seed), step \(step)")
        }
    }
}
