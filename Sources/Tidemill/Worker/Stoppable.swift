import Metrics
import Synchronization

/// How somebody else finds out which job a processor is at, and stops it.
package protocol Stoppable: Sendable {
    /// The places in the batch of the jobs at hand: one, or all of them where they are one piece of work.
    ///
    /// Any thread may ask.
    var atHand: Range<Int> { get }

    /// Whether the worker's task is cancelled for it; the worker then goes on as a new task.
    var stopsByCancellation: Bool { get }

    /// Stops the job at that place if it is still at hand, and no other.
    func stop(_ index: Int)
}

/// A processor that does one job after the other in the worker's task.
final class CurrentIndex: Stoppable {
    private let index = Atomic<Int>(0)

    var atHand: Range<Int> {
        let index = index.load(ordering: .acquiring)
        return index..<index + 1
    }

    var stopsByCancellation: Bool { true }

    func stop(_ index: Int) {}

    func set(_ new: Int) { index.store(new, ordering: .releasing) }
}

/// A processor that does a whole batch as one piece of work in the worker's task.
final class WholeBatch: Stoppable {
    private let count = Atomic<Int>(1)

    var atHand: Range<Int> { 0..<max(count.load(ordering: .acquiring), 1) }

    var stopsByCancellation: Bool { true }

    func stop(_ index: Int) {}

    func set(_ new: Int) { count.store(new, ordering: .releasing) }
}

/// How long it took from the wish that jobs stop until they had stopped, as a histogram.
package final class StopLatency: Sendable {
    /// The bounds of the buckets, in nanoseconds: each a quarter more than the one before, from 10 µs to over 10 s.
    private static let bounds: [Int] = (0..<64).map { Int(10_000 * pow(1.25, $0)) }

    private let counts = Mutex([Int](repeating: 0, count: bounds.count + 1))
    private let timer = Mutex<Metrics.Timer?>(nil)
    private let whole: StopLatency?

    /// What is recorded counts for `whole`, too.
    init(partOf whole: StopLatency? = nil) { self.whole = whole }

    /// Tells the metrics, too, from now on.
    func report(to timer: Metrics.Timer) { self.timer.withLock { $0 = timer } }

    func record(_ time: Duration) {
        let nanoseconds = time.nanoseconds
        let bucket = Self.bounds.firstIndex { nanoseconds <= $0 } ?? Self.bounds.count
        counts.withLock { $0[bucket] += 1 }
        timer.withLock { $0 }?.recordNanoseconds(Int64(nanoseconds))
        whole?.record(time)
    }

    private static func pow(_ base: Double, _ exponent: Int) -> Double {
        (0..<exponent).reduce(1) { result, _ in result * base }
    }

    /// How many stops there were.
    package var count: Int { counts.withLock { $0.reduce(0, +) } }

    /// The time within which that share of the stops was done, as a bucket's upper bound; nil where there were none.
    package func quantile(_ share: Double) -> Duration? {
        let counts = counts.withLock { $0 }
        let total = counts.reduce(0, +)
        guard total > 0 else { return nil }
        var sum = 0
        for (bucket, count) in counts.enumerated() {
            sum += count
            if Double(sum) >= share * Double(total) {
                return bucket < Self.bounds.count ? .nanoseconds(Self.bounds[bucket]) : .seconds(3_600)
            }
        }
        return nil
    }
}
