import Synchronization

/// Ends jobs that no worker has: what a cancelled channel held, and what waited for another attempt.
///
/// Any thread may; it is rare, so there is one for a whole node.
final class Strays: Sendable {
    private let ledgers: [Ledger]
    private let settled = Mutex(Books())

    init(_ ledgers: [Ledger]) { self.ledgers = ledgers }

    /// What it has ended so far.
    var books: Books { settled.withLock { $0 } }

    func settle(_ deliveries: Batch<Delivery>, _ outcome: Outcome) {
        if deliveries.isEmpty { return }
        settled.withLock { $0[outcome] += deliveries.count }
        for delivery in deliveries.elements {
            ledgers[delivery.ticket.source].settle(delivery.ticket, outcome)
            ledgers[delivery.ticket.source].settledSome()
        }
        deliveries.removeAll()
    }
}
