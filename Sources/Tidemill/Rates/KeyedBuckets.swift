/// A bucket for each key, as far as it isn't full: a full one is forgotten, since a new one is the same.
///
/// There are at most ``capacity``. Keys beyond that share one bucket until there is room, so that no key ever has more
/// than its rate, and a key that gets a bucket then begins with what the shared one owes.
struct KeyedBuckets: Sendable {
    /// For jobs without a key, and where all jobs have one rate.
    private var common = SharedBucket()
    private var buckets: [UInt64: SharedBucket] = [:]
    /// For the keys that there is no room for.
    private var crowd = SharedBucket()
    /// How many more new keys may come before the next look for full ones: as many as that will look at, so that it
    /// costs each of them the same.
    private var untilSweep = smallest
    private let capacity: Int

    /// How many keys have a bucket of their own at most; each takes some 50 bytes.
    static let capacity = 1 << 18
    private static let smallest = 1_024

    init(capacity: Int = capacity) { self.capacity = capacity }

    /// How many keys have a bucket of their own.
    var count: Int { buckets.count }

    /// Changes the bucket of a key.
    mutating func with<Result>(
        _ key: UInt64?,
        now: Int128,
        _ pace: Pace,
        _ body: (inout SharedBucket) -> Result
    ) -> Result {
        guard let key else { return body(&common) }
        if buckets[key] == nil, !admit(key, now: now, pace) { return body(&crowd) }
        return body(&buckets[key, default: SharedBucket()])
    }

    mutating func giveBack(_ count: Int, key: UInt64?, now: Int128, _ pace: Pace) {
        guard let key else { return common.giveBack(count, now: now, pace) }
        // One that is forgotten was full; one that had to share doesn't know which of the tokens were its own.
        buckets[key]?.giveBack(count, now: now, pace)
    }

    /// Makes a bucket for a new key, if there is room.
    private mutating func admit(_ key: UInt64, now: Int128, _ pace: Pace) -> Bool {
        if untilSweep == 0 { sweep(now: now, pace) }
        untilSweep -= 1
        guard buckets.count < capacity else { return false }
        buckets[key] = SharedBucket(crowd.bucket)
        return true
    }

    private mutating func sweep(now: Int128, _ pace: Pace) {
        buckets = buckets.compactMapValues { bucket in
            var bucket = bucket
            bucket.limit(to: now, pace)
            return bucket.isIdle(at: now, pace) ? nil : bucket
        }
        untilSweep = max(buckets.count, Self.smallest)
    }
}
