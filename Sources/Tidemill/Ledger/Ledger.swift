import Synchronization

/// Which of a source's messages are still on their way, and what became of the jobs that were made of each.
///
/// One number for each message in a ring: how many of its jobs are not settled, and the worst outcome so far. A slot
/// is free again once its message is settled; a source that is a whole ring ahead of its oldest unsettled message
/// waits, so that what is in flight is bounded.
///
/// Whoever holds the only job of a message is the only one who may touch its slot, so the common case (one message,
/// one job) is settled by a plain store; only messages with several jobs pay for a compare-and-swap.
///
/// A slot is also the message's context: whether it was stopped, and why, and until when it may take.
package final class Ledger: Sendable {
    private let source: Int
    private let mask: UInt64
    // `nonisolated(unsafe)`: the pointers never change; slots are atomics, and a receipt is touched by the source
    // before it hands the message over and by whoever settles the message's last job, which the channels order; so
    // is a time, which only holders of the message's jobs read.
    private nonisolated(unsafe) let slots: UnsafeMutablePointer<Atomic<UInt64>>
    private nonisolated(unsafe) let receipts: UnsafeMutablePointer<MessageReceipt?>
    private nonisolated(unsafe) let times: UnsafeMutablePointer<Int>
    private nonisolated(unsafe) let deadlines: UnsafeMutablePointer<Int>
    private let next = Mutex<UInt64>(0)
    private let prefix = Mutex<UInt64>(0)
    /// The first message that was handed back, or more than any number.
    ///
    /// Not the largest there is: `Atomic.min` compares as if numbers had a sign (swiftlang/swift#91176).
    private let firstReturned = Atomic(UInt64(Int64.max))
    private let rejected = Atomic<Int>(0)
    private let cancelled = Atomic<Int>(0)
    private let waiter = Mutex<UnsafeContinuation<Void, Never>?>(nil)
    private let hasWaiter = Atomic<Bool>(false)
    /// Whether any message so far wants the jobs that sinks have; where none does, none is asked.
    private let resultsWanted = Atomic<Bool>(false)
    /// Whether any message so far had a deadline; where none has, none is written.
    private let deadlinesUsed = Atomic<Bool>(false)
    private let siblings: SiblingPolicy
    private let contexts: ContextRegistry

    /// A ledger for the source with that number, for up to `capacity` (a power of two) messages in flight.
    package init(
        source: Int,
        capacity: Int,
        siblings: SiblingPolicy = .proceed,
        contexts: ContextRegistry = ContextRegistry()
    ) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a ring's capacity is a power of two")
        self.source = source
        self.siblings = siblings
        self.contexts = contexts
        if siblings == .cancel { contexts.note() }
        mask = UInt64(capacity - 1)
        slots = .allocate(capacity: capacity)
        receipts = .allocate(capacity: capacity)
        for index in 0..<capacity { (slots + index).initialize(to: Atomic(0)) }
        receipts.initialize(repeating: nil, count: capacity)
        times = .allocate(capacity: capacity)
        times.initialize(repeating: 0, count: capacity)
        deadlines = .allocate(capacity: capacity)
        deadlines.initialize(repeating: .max, count: capacity)
    }

    deinit {
        let capacity = Int(mask) + 1
        slots.deinitialize(count: capacity)
        slots.deallocate()
        receipts.deinitialize(count: capacity)
        receipts.deallocate()
        times.deallocate()
        deadlines.deallocate()
    }

    // MARK: Opening

    /// Gives the first jobs of the batch their tickets, one message each, as many as there is room for; says how many.
    ///
    /// `time` is when they were received, in nanoseconds of the pipeline's clock; each may take `timeToLive` of these,
    /// or less where its own context says so.
    package func open(
        _ deliveries: Batch<Delivery>,
        receipts given: [MessageReceipt?] = [],
        contexts: [MessageContext?] = [],
        at time: Int,
        timeToLive: Int? = nil
    ) -> Int {
        if timeToLive != nil || !contexts.isEmpty { deadlinesUsed.store(true, ordering: .relaxed) }
        let hasDeadlines = deadlinesUsed.load(ordering: .relaxed)
        return next.withLock { next in
            var opened = 0
            while opened < deliveries.count {
                let slot = Int(next & mask)
                guard slots[slot].load(ordering: .acquiring) == 0 else { break }
                if opened < given.count { note(given[opened], slot) }
                times[slot] = time
                let ticket = Ticket(source: source, sequence: next)
                slots[slot].store(1 | generation(ticket), ordering: .relaxed)
                deliveries[opened].ticket = ticket
                if hasDeadlines { deadlines[slot] = timeToLive.map { time + $0 } ?? .max }
                if opened < contexts.count, let context = contexts[opened] { begin(ticket, context) }
                next += 1
                opened += 1
            }
            return opened
        }
    }

    private func note(_ receipt: MessageReceipt?, _ slot: Int) {
        receipts[slot] = receipt
        // The channels order it before the job itself.
        if receipt?.observer?.wantsResults == true { resultsWanted.store(true, ordering: .relaxed) }
    }

    private func begin(_ ticket: Ticket, _ context: MessageContext) {
        contexts.note()
        let slot = Int(ticket.sequence & mask)
        if let life = context.timeToLive { deadlines[slot] = min(deadlines[slot], times[slot] + life.nanoseconds) }
        if context.bind(self, ticket) { stop(ticket, .withdrawn) }
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

    // MARK: Observing

    /// A job of an unsettled message failed for good.
    func failed(_ ticket: Ticket, _ failure: JobFailure, in node: String) {
        receipts[Int(ticket.sequence & mask)]?.observer?.failed(failure, in: node)
    }

    /// Whether any message wants to know what sinks have.
    var wantsResults: Bool { resultsWanted.load(ordering: .relaxed) }

    /// A sink has a job of an unsettled message.
    func delivered(_ delivery: Delivery, to sink: String) {
        guard let observer = receipts[Int(delivery.ticket.sequence & mask)]?.observer, observer.wantsResults else {
            return
        }
        observer.delivered(delivery.job, to: sink)
    }

    // MARK: Contexts

    /// Until when a job of an unsettled message may take, in nanoseconds of the pipeline's clock: as long as the message,
    /// or less where a stage has said so; the largest number if it may take for ever.
    package func deadline(_ ticket: Ticket, _ details: JobDetails?) -> Int {
        min(deadlines[Int(ticket.sequence & mask)], details?.deadline ?? .max)
    }

    /// Why an unsettled message was stopped, if it was.
    package func stopReason(_ ticket: Ticket) -> StopReason? {
        reason(slots[Int(ticket.sequence & mask)].load(ordering: .relaxed))
    }

    /// Stops a message, if it is not settled: its jobs are not started any more, and those at work are interrupted.
    package func stop(_ ticket: Ticket, _ reason: StopReason) {
        let slot = Int(ticket.sequence & mask)
        var old = slots[slot].load(ordering: .relaxed)
        while old & Self.pending > 0, old >> Self.generationShift == generation(ticket) >> Self.generationShift,
            self.reason(old) == nil
        {
            let (done, seen) = slots[slot].compareExchange(
                expected: old,
                desired: old | UInt64(reason.rawValue) << Self.reasonShift,
                ordering: .acquiringAndReleasing
            )
            if done { return contexts.stopped(ticket, reason) }
            old = seen
        }
    }

    // MARK: Settling

    /// One job of a message became several: `extra` more than the one.
    package func add(_ extra: Int, to ticket: Ticket) {
        slots[Int(ticket.sequence & mask)].add(UInt64(extra), ordering: .relaxed)
    }

    /// One job of a message ended.
    ///
    /// ``settledSome()`` must follow, once for any number of these.
    @inline(__always)
    package func settle(_ ticket: Ticket, _ outcome: Outcome) {
        let index = Int(ticket.sequence & mask)
        let slot = slots[index].load(ordering: .acquiring)
        // The message's only job, all is well, and nobody wants to hear of it: most jobs of a log.
        if slot & Self.parts == 1, outcome.isSettled, receipts[index] == nil {
            slots[index].store(0, ordering: .releasing)
        } else {
            settle(ticket, outcome, slot)
        }
    }

    @inline(never)
    private func settle(_ ticket: Ticket, _ outcome: Outcome, _ slot: UInt64) {
        let index = Int(ticket.sequence & mask)
        var old = slot
        precondition(old & Self.pending != 0, "a job is settled once")
        while old & Self.pending > 1 {
            let stops = siblings == .cancel && outcome.isFailure && reason(old) == nil
            var new = (old & ~Self.worstMask) - 1 | UInt64(worst(old, outcome).rawValue) << Self.worstShift
            if stops { new |= UInt64(StopReason.sibling.rawValue) << Self.reasonShift }
            let (done, seen) = slots[index].compareExchange(
                expected: old,
                desired: new,
                ordering: .acquiringAndReleasing
            )
            if done {
                if stops { contexts.stopped(ticket, .sibling) }
                return
            }
            old = seen
        }
        let worst = worst(old, outcome)
        if !worst.isSettled {
            noteReturned(ticket.sequence)
            if worst == .rejected { rejected.add(1, ordering: .relaxed) }
            if worst == .cancelled, reason(old) != .withdrawn { cancelled.add(1, ordering: .relaxed) }
        }
        if let receipt = receipts[index] {
            receipts[index] = nil
            receipt.settled(worst)
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

    /// How many messages were handed back, and how many were not done when the pipeline was stopped.
    var leftOver: (rejected: Int, cancelled: Int) {
        (rejected.load(ordering: .relaxed), cancelled.load(ordering: .relaxed))
    }

    /// How many messages are not settled, and which is the oldest, with the time when it was received.
    var unsettledNow: (count: Int, oldest: (ticket: Ticket, received: Int)?) {
        next.withLock { next in
            var (count, oldest) = (0, UInt64?.none)
            for sequence in (next > mask ? next - mask - 1 : 0)..<next
            where slots[Int(sequence & mask)].load(ordering: .acquiring) != 0 {
                count += 1
                oldest = oldest ?? sequence
            }
            return (count, oldest.map { (Ticket(source: source, sequence: $0), times[Int($0 & mask)]) })
        }
    }

    /// When a message was received, for somebody who has none of its jobs; nil if it is settled.
    func receivedIfUnsettled(_ ticket: Ticket) -> Int? {
        // Times are written under this lock.
        next.withLock { _ in
            let index = Int(ticket.sequence & mask)
            let slot = slots[index].load(ordering: .acquiring)
            guard slot & Self.pending > 0, slot & Self.generationMask == generation(ticket) else { return nil }
            return times[index]
        }
    }

    // MARK: The slot's parts

    private static let pending: UInt64 = 0xFFFF_FFFF
    /// All of it but the generation.
    private static let parts: UInt64 = 0xFFFF_FFFF_FFFF
    private static let worstShift: UInt64 = 32
    private static let worstMask: UInt64 = 0xFF << 32
    private static let reasonShift: UInt64 = 40
    private static let generationShift: UInt64 = 48
    private static let generationMask: UInt64 = 0xFFFF << 48

    /// Which of the messages that had the slot it is, so that who stops one that is long settled stops no other.
    private func generation(_ ticket: Ticket) -> UInt64 {
        (ticket.sequence >> UInt64((mask + 1).trailingZeroBitCount)) << Self.generationShift
    }

    private func reason(_ slot: UInt64) -> StopReason? {
        StopReason(rawValue: UInt8(truncatingIfNeeded: slot >> Self.reasonShift))
    }

    /// The worse of what a message's jobs came to so far and what another comes to.
    ///
    /// A job that was stopped because a sibling failed takes nothing from what the sibling came to.
    private func worst(_ slot: UInt64, _ outcome: Outcome) -> Outcome {
        let before = Outcome(rawValue: UInt8(truncatingIfNeeded: slot >> Self.worstShift)) ?? outcome
        if outcome == .cancelled, reason(slot) == .sibling { return before }
        return max(before, outcome)
    }
}
