/// What a source has on lease: which messages are with the pipeline, until when, and which endings the broker has not
/// heard of yet.
///
/// Nothing here waits or knows a broker: the rules are tested as they are.
struct LeaseBook<Lease: Sendable>: Sendable {
    struct Entry: Sendable {
        let lease: Lease
        /// Until when the message is surely ours.
        var end: Duration
        /// Somebody else may have the message by now: its ending is nobody's business.
        var isLost = false
        /// How it ended, once it did.
        var verdict: LeaseEnding<Lease>.Verdict?
    }

    private var entries: [Int: Entry] = [:]
    private var ended: [Int] = []
    private var last = 0

    /// How many messages are on lease, those included that ended and of which the broker has not heard.
    var count: Int { entries.count }

    /// How many have ended, of which the broker has not heard.
    var endedCount: Int { ended.count }

    /// Notes a message whose lease lasts until `end`; the number is its own.
    mutating func add(_ lease: Lease, until end: Duration) -> Int {
        last += 1
        entries[last] = Entry(lease: lease, end: end)
        return last
    }

    /// A message has ended; one whose lease is lost is forgotten.
    mutating func end(_ number: Int, _ verdict: LeaseEnding<Lease>.Verdict) {
        guard let entry = entries[number], entry.verdict == nil else { return }
        if entry.isLost {
            entries[number] = nil
        } else {
            entries[number]?.verdict = verdict
            ended.append(number)
        }
    }

    /// Up to `limit` endings that the broker has not heard of, the oldest first; they stay until the broker is ``told(_:)`` of them.
    func endings(limit: Int) -> [(number: Int, ending: LeaseEnding<Lease>)] {
        ended.prefix(limit).compactMap { number in
            guard let entry = entries[number], let verdict = entry.verdict else { return nil }
            return (number, LeaseEnding(entry.lease, verdict))
        }
    }

    /// The broker has heard of these endings.
    mutating func told(_ numbers: [Int]) {
        for number in numbers { entries[number] = nil }
        // Those that were given last are the first, unless all leases were lost meanwhile.
        if ended.starts(with: numbers) {
            ended.removeFirst(numbers.count)
        } else {
            ended.removeAll(where: numbers.contains)
        }
    }

    /// The leases to extend: those of messages that have not ended and are not lost.
    var open: [(number: Int, lease: Lease)] {
        entries.filter { $0.value.verdict == nil && !$0.value.isLost }.map { ($0.key, $0.value.lease) }
            .sorted { $0.number < $1.number }
    }

    /// Leases last until `end` now.
    mutating func extend(_ numbers: some Sequence<Int>, until end: Duration) {
        for number in numbers { entries[number]?.end = end }
    }

    /// Leases are lost; says which of them were held until now.
    mutating func lose(_ numbers: some Sequence<Int>) -> [Int] {
        numbers.filter { number in
            guard let entry = entries[number], !entry.isLost, entry.verdict == nil else { return false }
            entries[number]?.isLost = true
            return true
        }
    }

    /// The leases that are over at `now`, because nobody could extend them, are lost.
    mutating func expire(now: Duration) -> [Int] {
        lose(entries.filter { $0.value.end <= now }.map(\.key).sorted())
    }

    /// All leases are lost, and nobody waits for the endings: the broker gives the messages anew.
    mutating func loseAll() -> [Int] {
        for number in ended { entries[number] = nil }
        ended = []
        return lose(entries.keys.sorted())
    }
}
