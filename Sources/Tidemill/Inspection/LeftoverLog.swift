import Synchronization

/// Collects the jobs that end without being done, just before they are settled: all of them as numbers, some of them in
/// detail.
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
        /// Those that a worker had: the few that tell why something hangs.
        var begun: [Entry] = []
        /// Those that nobody had begun, which may be many more.
        var untouched: [Entry] = []
    }

    private static let longestKey = 1_024
    private let ledgers: [Ledger]
    private let clock: any PipelineClock
    private let limit: Int
    private let state = Mutex(State())

    /// A log that keeps `limit` jobs: those that were begun, and the first of the others.
    init(_ ledgers: [Ledger], clock: any PipelineClock, limit: Int) {
        self.ledgers = ledgers
        self.clock = clock
        self.limit = max(limit, 0)
    }

    /// What it has collected so far.
    var all: (counts: [Place: Int], first: [Entry]) {
        state.withLock { state in
            (state.counts, state.begun + state.untouched.prefix(limit - state.begun.count))
        }
    }

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
            let begun = jobState == .atWork || jobState == .waiting
            guard (begun ? state.begun.count : state.untouched.count) < limit else { return }
            let entry = Entry(
                ticket: ticket,
                key: delivery.job.key.map(Self.short),
                place: place,
                failedAttempts: delivery.attempts.count + extraAttempts,
                age: age
            )
            if begun { state.begun.append(entry) } else { state.untouched.append(entry) }
        }
    }

    /// A copy: a slice would keep the whole block that it lies in.
    private static func short(_ key: Bytes) -> Bytes {
        key.withUnsafeBytes { Bytes(copying: UnsafeRawBufferPointer(rebasing: $0.prefix(longestKey))) }
    }
}
