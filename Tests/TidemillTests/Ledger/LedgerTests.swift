import Synchronization
import Testing

@testable import Tidemill

@Suite(.timeLimit(.minutes(10))) struct LedgerTests {
    /// The receipts that were given, by message.
    private final class Receipts: Sendable {
        private let given = Mutex<[Int: [Outcome]]>([:])

        var all: [Int: [Outcome]] { given.withLock { $0 } }

        func receipt(_ number: Int) -> MessageReceipt {
            .closure { outcome in self.given.withLock { $0[number, default: []].append(outcome) } }
        }
    }

    private static func deliveries(_ count: Int) -> Batch<Delivery> {
        let batch = Batch<Delivery>()
        for number in 0..<count {
            batch.append(Delivery(Job(.integer(Int64(number))), ticket: Ticket(source: 0, sequence: 0)))
        }
        return batch
    }

    @Test func opensAsManyAsThereIsRoomFor() {
        let ledger = Ledger(source: 3, capacity: 4)
        let batch = Self.deliveries(6)
        #expect(ledger.open(batch, at: 5) == 4)
        #expect((0..<4).map { batch[$0].ticket.sequence } == [0, 1, 2, 3])
        #expect((0..<4).allSatisfy { batch[$0].ticket.source == 3 && ledger.received(batch[$0].ticket) == 5 })
        #expect(ledger.unsettled == 4 && ledger.open(Self.deliveries(1), at: 0) == 0)
        // The second is done before the first: the first one's slot is the next, so there is no room yet.
        ledger.settle(batch[1].ticket, .delivered)
        #expect(ledger.open(Self.deliveries(1), at: 0) == 0)
        ledger.settle(batch[0].ticket, .delivered)
        let more = Self.deliveries(3)
        #expect(ledger.open(more, at: 6) == 2)
        #expect([more[0].ticket.sequence, more[1].ticket.sequence] == [4, 5])
    }

    @Test func aReceiptGetsTheWorstOutcomeOnce() {
        for worst in Outcome.allCases {
            for place in 0..<3 {
                let (ledger, receipts) = (Ledger(source: 0, capacity: 2), Receipts())
                let batch = Self.deliveries(1)
                _ = ledger.open(batch, receipts: [receipts.receipt(0)], at: 0)
                ledger.add(2, to: batch[0].ticket)
                for number in 0..<3 {
                    #expect(receipts.all.isEmpty)
                    ledger.settle(batch[0].ticket, number == place ? worst : .delivered)
                }
                #expect(receipts.all == [0: [worst]])
                #expect(ledger.unsettled == 0)
            }
        }
    }

    @Test func aReceiptIsFreedWithItsMessage() {
        final class Token: Sendable {}
        let ledger = Ledger(source: 0, capacity: 2)
        let batch = Self.deliveries(1)
        weak var freed: Token?
        do {
            let token = Token()
            freed = token
            _ = ledger.open(batch, receipts: [.closure { _ in withExtendedLifetime(token) {} }], at: 0)
        }
        #expect(freed != nil)
        ledger.settle(batch[0].ticket, .delivered)
        #expect(freed == nil)
    }

    @Test func manySettleOneMessageAtOnce() async {
        let (ledger, receipts) = (Ledger(source: 0, capacity: 4), Receipts())
        for round in 0..<50 {
            let batch = Self.deliveries(2)
            _ = ledger.open(batch, receipts: [receipts.receipt(2 * round), receipts.receipt(2 * round + 1)], at: 0)
            let tickets = (batch[0].ticket, batch[1].ticket)
            await withDiscardingTaskGroup { group in
                ledger.add(39, to: tickets.0)
                ledger.add(9, to: tickets.1)
                for job in 0..<40 {
                    group.addTask { ledger.settle(tickets.0, job == 17 ? .rejected : .delivered) }
                }
                for _ in 0..<10 {
                    group.addTask {
                        // A job that becomes three on the way.
                        ledger.add(2, to: tickets.1)
                        for _ in 0..<3 { ledger.settle(tickets.1, .filtered) }
                    }
                }
            }
        }
        #expect(receipts.all.count == 100)
        for (number, outcomes) in receipts.all {
            #expect(outcomes == [number.isMultiple(of: 2) ? .rejected : .filtered])
        }
        #expect(ledger.unsettled == 0)
    }

    @Test(arguments: [1, 2, 8]) func aFullRingWaitsAndIsWoken(capacity: Int) async {
        let ledger = Ledger(source: 0, capacity: capacity)
        let channel = Channel<Delivery>(limits: ChannelLimits(capacity: 1024))
        let settler = Task {
            let batch = Batch<Delivery>()
            var sequences: [UInt64] = []
            while await channel.receive(batch, limit: 3) == .done {
                while let delivery = batch.popFirst() {
                    sequences.append(delivery.ticket.sequence)
                    ledger.settle(delivery.ticket, .delivered)
                }
                ledger.settledSome()
            }
            return sequences
        }
        let portion = Batch<Delivery>()
        for _ in 0..<500 {
            let batch = Self.deliveries(3)
            while !batch.isEmpty {
                let opened = ledger.open(batch, at: 0)
                if opened == 0 {
                    await ledger.waitForRoom()
                    continue
                }
                portion.append(moving: opened, from: batch)
                _ = await channel.send(portion, evicted: Batch())
            }
        }
        channel.finish()
        #expect(await settler.value == Array(0..<1500))
        #expect(ledger.unsettled == 0)
    }

    @Test func settlingTwiceStopsTheProcess() async {
        await #expect(processExitsWith: .failure) {
            let ledger = Ledger(source: 0, capacity: 2)
            ledger.settle(Ticket(source: 0, sequence: 0), .delivered)
        }
    }
}

@Suite struct BooksTests {
    @Test func theyBalanceWhenEveryJobHasAnOutcome() {
        var books = Books()
        #expect(books.balance)
        books.taken = 3
        books.emitted = 2
        for outcome in [Outcome.delivered, .filtered, .dropped, .rejected] { books[outcome] += 1 }
        #expect(!books.balance && books.open == 1 && books.settled == 4)
        var more = Books()
        more[.delivered] = 1
        #expect((books + more).balance && (books + more)[.delivered] == 2)
    }

    @Test func talliesCountWhatTheyAreTold() {
        let tally = Tally()
        tally.taken.add(2)
        tally.add(2, to: .expired)
        tally.add(0, to: .expired)
        #expect(tally.books.balance && tally.books[.expired] == 2)
    }

    @Test func outcomesAreInOrderOfHarm() {
        #expect(Outcome.allCases.sorted() == Outcome.allCases)
        #expect(Outcome.allCases.filter(\.isSettled) == [.delivered, .filtered, .dropped, .deadLettered, .expired])
        #expect(Outcome.deadLettered.name == "dead_lettered" && Outcome.cancelled.name == "cancelled")
    }
}
