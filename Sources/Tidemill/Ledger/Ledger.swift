import Synchronization

/// Which of a source's messages are still on their way, and what became of the jobs that were made of each.
///
/// One number for each message in a ring: how many of its jobs are not settled, and the worst outcome so far. A slot
/// is free again once its message is settled; a source that is a whole ring ahead of its oldest unsettled message
/// waits, so that what is in flight is bounded.
///
/// Whoever holds the only job of a message is the only one who may touch its slot, so the common case (one message,
/// one job) is settled by a plain store; only messages with several jobs pay for a compare-and-swap.
package final class Ledger: Sendable {
    package typealias Receipt = @Sendable (Outcome) -> Void

    private let source: Int
    private let mask: UInt64
    // `nonisolated(unsafe)`: the pointers never change; slots are atomics, and a receipt is touched by the source
    // before it hands the message over and by whoever settles the message's last job, which the channels order; so
    // is a time, which only holders of the message's jobs read.
    private nonisolated(unsafe) let slots: UnsafeMutablePointer<Atomic<UInt64>>
    private nonisolated(unsafe) let receipts: UnsafeMutablePointer<Receipt?>
    private nonisolated(unsafe) let times: UnsafeMutablePointer<Int>
    private let next = Mutex<UInt64>(0)
    private let prefix = Mutex<UInt64>(0)
    /// The first message that was handed back, or more than any number.
    ///
    /// Not `.max`: the minimum of unsigned atomics in Swift 6.3 compares as if they were signed.
    private let firstReturned = Atomic<UInt64>(UInt64(Int64.max))
    private let waiter = Mutex<UnsafeContinuation<Void, Never>?>(nil)
    private let hasWaiter = Atomic<Bool>(false)

    /// A ledger for the source with that number, for up to `capacity` (a power of two) messages in flight.
    package init(source: Int, capacity: Int) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a ring's capacity is a power of two")
        self.source = source
        mask = UInt64(capacity - 1)
        slots = .allocate(capacity: capacity)
        receipts = .allocate(capacity: capacity)
        for index in 0..<capacity { (slots + index).initialize(to: Atomic(0)) }
        receipts.initialize(repeating: nil, count: capacity)
        times = .allocate(capacity: capacity)
        times.initialize(repeating: 0, count: capacity)
    }

    deinit {
        let capacity = Int(mask) + 1
        slots.deinitialize(count: capacity)
        slots.deallocate()
        receipts.deinitialize(count: capacity)
        receipts.deallocate()
        times.deallocate()
    }

    // MARK: Opening

    /// Gives the first jobs of the batch their tickets, one message each, as many as there is room for; says how many.
    ///
    /// `time` is when they were received, in nanoseconds of the pipeline's clock.
    package func open(_ deliveries: Batch<Delivery>, receipts given: [Receipt?] = [], at time: Int) -> Int {
        next.withLock { next in
            var opened = 0
            while opened < deliveries.count {
                let slot = Int(next & mask)
                guard slots[slot].load(ordering: .acquiring) == 0 else { break }
                if opened < given.count { receipts[slot] = given[opened] }
                times[slot] = time
                slots[slot].store(1, ordering: .relaxed)
                deliveries[opened].ticket = Ticket(source: source, sequence: next)
                next += 1
                opened += 1
            }
            return opened
        }
    }

    /// Waits until the oldest message is settled, so that one more can be opened.
    package func waitForRoom() async {
        await withUnsafeContinuation { continuation in
            let mustWait = waiter.withLock { waiter in
                hasWaiter.store(true, ordering: .sequentiallyConsistent)
                atomicMemoryFence(ordering: .sequentiallyConsistent)
                let slot = next.withLock { Int($0 & mask) }
                guard slots[slot].load(ordering: .acquiring) != 0 else {
                    hasWaiter.store(false, ordering: .relaxed)
                    return false
                }
                waiter = continuation
                return true
            }
            if !mustWait { continuation.resume() }
        }
    }

    /// When an unsettled message was received, in nanoseconds of the pipeline's clock.
    package func received(_ ticket: Ticket) -> Int { times[Int(ticket.sequence & mask)] }

    // MARK: Settling

    /// One job of a message became several: `extra` more than the one.
    package func add(_ extra: Int, to ticket: Ticket) {
        slots[Int(ticket.sequence & mask)].add(UInt64(extra), ordering: .relaxed)
    }

    /// One job of a message ended.
    ///
    /// ``settledSome()`` must follow, once for any number of these.
    package func settle(_ ticket: Ticket, _ outcome: Outcome) {
        let index = Int(ticket.sequence & mask)
        var old = slots[index].load(ordering: .acquiring)
        precondition(old & Self.pending != 0, "a job is settled once")
        while old & Self.pending > 1 {
            let worst = max(old >> Self.worstShift, UInt64(outcome.rawValue))
            let new = (old & Self.pending - 1) | worst << Self.worstShift
            let (done, seen) = slots[index].compareExchange(
                expected: old,
                desired: new,
                ordering: .acquiringAndReleasing
            )
            if done { return }
            old = seen
        }
        let worst = max(outcome, Outcome(rawValue: UInt8(old >> Self.worstShift)) ?? outcome)
        if !worst.isSettled { noteReturned(ticket.sequence) }
        if let receipt = receipts[index] {
            receipts[index] = nil
            receipt(worst)
        }
        slots[index].store(0, ordering: .releasing)
    }

    /// Wakes the source if it waits for room.
    ///
    /// The fence orders the slots that were freed before it against the flag that the source sets before it looks at
    /// its slot: one of the two sees the other.
    package func settledSome() {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        guard hasWaiter.load(ordering: .relaxed) else { return }
        let continuation = waiter.withLock { waiter in
            hasWaiter.store(false, ordering: .relaxed)
            defer { waiter = nil }
            return waiter
        }
        continuation?.resume()
    }

    /// How many messages there were so far.
    package var opened: UInt64 { next.withLock { $0 } }

    /// How many messages, counted from the first without a gap, are settled for good: none of them comes again.
    ///
    /// A slot that is free, or that a later message has, was settled; a message was only opened once the one that had
    /// its slot before was settled.
    package var settledPrefix: UInt64 {
        let opened = opened
        let capacity = mask + 1
        return prefix.withLock { prefix in
            prefix = max(prefix, opened > capacity ? opened - capacity : 0)
            while prefix < opened, slots[Int(prefix & mask)].load(ordering: .acquiring) == 0 { prefix += 1 }
            return min(prefix, firstReturned.load(ordering: .acquiring))
        }
    }

    private func noteReturned(_ sequence: UInt64) {
        firstReturned.min(sequence, ordering: .releasing)
    }

    /// How many messages are not settled.
    ///
    /// Exact only when nothing is on its way; a run's end asks it.
    package var unsettled: Int {
        (0...Int(mask)).count { slots[$0].load(ordering: .acquiring) != 0 }
    }

    private static let pending: UInt64 = 0xFFFF_FFFF
    private static let worstShift: UInt64 = 32
}
