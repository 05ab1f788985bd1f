import Synchronization

/// What one worker, source or sink has done so far.
///
/// Only its owner writes, once a batch; anybody may read at any time. It is one piece of memory, for there may be very
/// many workers.
package final class Tally: Sendable {
    package let taken = Counter()
    package let emitted = Counter()
    package let received = Counter()
    package let sent = Counter()
    package let failed = Counter()
    package let retried = Counter()
    /// The time at work, waiting for room in the next channel included.
    package let busyNanoseconds = Counter()
    /// The time spent waiting for room in the next channel.
    package let blockedNanoseconds = Counter()
    /// For every job that was taken, how many others were left in the queue.
    package let behind = Counter()
    private let outcomes = InlineArray<8, Counter> { _ in Counter() }

    private let busy = Moment()
    private let blocked = Moment()

    package init() {}

    /// Whether the owner is at work on something now.
    package var isBusy: Bool { busySince != nil }

    /// Since when the owner is at work on what is not yet part of ``busyNanoseconds``, if it is.
    package var busySince: Duration? {
        get { busy.value }
        set { busy.value = newValue }
    }

    /// Since when the owner waits for room in the next channel, which is not yet part of ``blockedNanoseconds``, if it
    /// does.
    package var blockedSince: Duration? {
        get { blocked.value }
        set { blocked.value = newValue }
    }

    /// So many jobs ended so.
    package func add(_ count: Int, to outcome: Outcome) { outcomes[Int(outcome.rawValue)].add(count) }

    package var books: Books {
        var books = Books()
        books.taken = taken.value
        books.emitted = emitted.value
        for outcome in Outcome.allCases { books[outcome] = outcomes[Int(outcome.rawValue)].value }
        return books
    }
}

/// A time of the pipeline's clock, or none, with one writer and many readers.
private struct Moment: ~Copyable, Sendable {
    private static let none = Int.min
    private let nanoseconds = Atomic<Int>(none)

    var value: Duration? {
        get {
            let value = nanoseconds.load(ordering: .relaxed)
            return value == Self.none ? nil : .nanoseconds(value)
        }
        nonmutating set { nanoseconds.store(newValue?.nanoseconds ?? Self.none, ordering: .relaxed) }
    }
}

/// A number with one writer and many readers; a load and a store are cheaper than an atomic addition.
package struct Counter: ~Copyable, Sendable {
    private let count = Atomic<Int>(0)

    package var value: Int { count.load(ordering: .relaxed) }

    package func add(_ amount: Int) {
        if amount == 0 { return }
        count.store(count.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }
}

/// A number with many writers, for what is rare.
final class SharedCount: Sendable {
    private let count: Atomic<Int>

    init(_ value: Int = 0) { count = Atomic(value) }

    var value: Int { count.load(ordering: .relaxed) }

    func add(_ amount: Int) { count.add(amount, ordering: .relaxed) }
}
