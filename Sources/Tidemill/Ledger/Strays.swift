import Synchronization

/// Ends jobs that no worker has: what a cancelled channel held, and what waited for another attempt.
///
/// Any thread may; it is rare, so there is one for a whole node.
final class Strays: Sendable {
    private let ledgers: [Ledger]
    private let leftovers: LeftoverLog
    private let settled = Mutex(Books())

    init(_ ledgers: [Ledger], _ leftovers: LeftoverLog) {
        self.ledgers = ledgers
        self.leftovers = leftovers
    }

    /// What it has ended so far.
    var books: Books { settled.withLock { $0 } }

    /// Ends jobs that were at that node.
    func settle(_ deliveries: Batch<Delivery>, _ outcome: Outcome, at node: String, _ state: JobState) {
        if deliveries.isEmpty { return }
        leftovers.note(deliveries, outcome, at: node, state)
        settled.withLock { $0[outcome] += deliveries.count }
        for delivery in deliveries.elements {
            ledgers[delivery.ticket.source].settle(delivery.ticket, outcome)
            ledgers[delivery.ticket.source].settledSome()
        }
        deliveries.removeAll()
    }
}
