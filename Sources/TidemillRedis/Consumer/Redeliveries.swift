/// When this consumer has to look for entries that are due again.
///
/// The server keeps an entry that waits by its idle time, which lets it be claimed once it reaches the lease. A pause
/// that is longer than the lease can't be written that way, as an idle time is never below zero: such an entry is
/// kept from others by extending its lease until the rest of its pause is no longer than that.
struct Redeliveries {
    /// When entries that were given back here can be claimed, in order; rounded up, so that there are few.
    private var dues: [Duration] = []
    /// The entries with pauses longer than a lease, and when these end.
    private var long: [RedisLease: Duration] = [:]
    /// When the claims of others' entries are next due.
    private var nextScan = Duration.zero
    /// When the long pauses are next seen to.
    private var nextRenewal = Duration.zero
    private let lease: Duration

    init(lease: Duration) { self.lease = lease }

    /// How often to look for entries of others whose leases ran out: often enough to be little beside the lease.
    var scanInterval: Duration { min(max(lease / 10, .milliseconds(50)), .seconds(1)) }

    /// When something is next to be done.
    var next: Duration {
        let renewal = long.isEmpty ? nextScan : min(nextScan, nextRenewal)
        return dues.first.map { min($0, renewal) } ?? renewal
    }

    /// Notes an entry that is to come again after a pause; answers with the idle time to give it.
    mutating func add(_ entry: RedisLease, pause: Duration, at now: Duration) -> Duration {
        guard pause > lease else {
            note(now + pause)
            return lease - pause
        }
        if long.isEmpty { nextRenewal = now + lease / 3 }
        long[entry] = now + pause
        return .zero
    }

    /// Whether claims are due; they are taken to be made, unless ``scanAgain()`` says that there are more.
    mutating func takeScan(at now: Duration) -> Bool {
        let due = dues.prefix { $0 <= now }.count
        dues.removeFirst(due)
        guard due > 0 || nextScan <= now else { return false }
        nextScan = now + scanInterval
        return true
    }

    /// Has the next look come at once.
    mutating func scanAgain() { nextScan = .zero }

    /// The entries whose long pauses must be renewed now, and the idle time to give each.
    mutating func takeRenewals(at now: Duration) -> [(entry: RedisLease, idle: Duration)] {
        guard !long.isEmpty, nextRenewal <= now else { return [] }
        nextRenewal = now + lease / 3
        return long.map { entry, end in
            guard end - now <= lease else { return (entry, .zero) }
            long[entry] = nil
            note(end)
            return (entry, min(lease, lease - (end - now)))
        }
    }

    private mutating func note(_ due: Duration) {
        let step = Duration.milliseconds(10)
        let rounded = step * (Int(due / step) + 1)
        let place = dues.firstIndex { $0 >= rounded } ?? dues.count
        if dues.indices.contains(place), dues[place] == rounded { return }
        dues.insert(rounded, at: place)
    }
}
