import Synchronization

/// Collects the jobs that end without being done, just before they are settled: all of them as numbers, the first ones
/// in detail.
final class LeftoverLog: Sendable {
    struct Place: Hashable {
        let node: String
        let state: JobState
        let outcome: Outcome
    }

    struct Entry {
        let ticket: Ticket
        let key: Bytes?
        let place: Place
        let failedAttempts: Int
        let age: Duration
    }

    private struct State {
        var counts: [Place: Int] = [:]
        var first: [Entry] = []
    }

    private static let longestKey = 1_024
    private let ledgers: [Ledger]
    private let clock: any PipelineClock
    private let limit: Int
    private let state = Mutex(State())

    /// A log that keeps the first `limit` jobs.
    init(_ ledgers: [Ledger], clock: any PipelineClock, limit: Int) {
        self.ledgers = ledgers
        self.clock = clock
        self.limit = limit
    }

    /// What it has collected so far.
    var all: (counts: [Place: Int], first: [Entry]) { state.withLock { ($0.counts, $0.first) } }

    /// Jobs are about to be settled with that outcome; those that somebody stopped for their own message's sake, and
    /// those that are done, are none of its business.
    func note(_ deliveries: Batch<Delivery>, _ outcome: Outcome, at node: String, _ jobState: JobState) {
        if outcome.isSettled { return }
        for delivery in deliveries.elements { note(delivery, outcome, at: node, jobState) }
    }

    /// A job is about to be settled with that outcome, and has failed `extraAttempts` times more than it knows.
    func note(
        _ delivery: Delivery,
        _ outcome: Outcome,
        at node: String,
        _ jobState: JobState,
        extraAttempts: Int = 0
    ) {
        let (ticket, ledger) = (delivery.ticket, ledgers[delivery.ticket.source])
        guard !outcome.isSettled, outcome == .rejected || ledger.stopReason(ticket) == nil else { return }
        let place = Place(node: node, state: jobState, outcome: outcome)
        let age = clock.now - .nanoseconds(ledger.received(ticket))
        state.withLock { state in
            state.counts[place, default: 0] += 1
            guard state.first.count < limit else { return }
            state.first.append(
                Entry(
                    ticket: ticket,
                    key: delivery.job.key.map(Self.short),
                    place: place,
                    failedAttempts: delivery.attempts.count + extraAttempts,
                    age: age
                )
            )
        }
    }

    /// A copy: a slice would keep the whole block that it lies in.
    private static func short(_ key: Bytes) -> Bytes {
        key.withUnsafeBytes { Bytes(copying: UnsafeRawBufferPointer(rebasing: $0.prefix(longestKey))) }
    }
}
