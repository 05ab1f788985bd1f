/// How a wait on a channel ended.
package enum ChannelSignal: Sendable, Equatable {
    /// All was sent, or something was received.
    case done
    /// The channel is full (only for a sender that does not wait), and what is left in the batch did not fit.
    case full
    /// Nothing is there (only for a receiver that does not wait).
    case empty
    /// No more may be sent, and nothing is left to receive.
    case finished
    /// The channel, or the task that waited, was cancelled; what was not sent is still in the sender's batch.
    case cancelled
}

/// The rules of a channel, without locks and without tasks: each method makes one step and says who is to be woken.
///
/// Invariants: receivers wait only while the gate is shut or there is nothing to take; senders wait only while the
/// queue is full or, at capacity 0, while no receiver may take; nobody waits once the channel was cancelled, and none
/// but receivers once it was finished: while an element may still come back, or while the gate is shut.
package struct ChannelState<Element: Sendable, Token: Sendable>: ~Copyable {
    private struct Waiting {
        let id: UInt64
        let token: Token
        let batch: Batch<Element>
        let limit: Int
    }

    /// Who waited and is to be woken, with what it waited for.
    package struct Wakeups: Sendable {
        package var first: (token: Token, signal: ChannelSignal)?
        package var others: [(token: Token, signal: ChannelSignal)] = []

        mutating func add(_ token: Token, _ signal: ChannelSignal) {
            if first == nil { first = (token, signal) } else { others.append((token, signal)) }
        }
    }

    private enum Phase { case open, finished, cancelled }

    private let limits: ChannelLimits
    private let cost: (@Sendable (borrowing Element) -> Int)?
    private var queue = Ring<Element>()
    private var bytes = 0
    private var taken: UInt64 = 0
    private var returns = Returns<Element>()
    /// How many elements may still be taken: a shut gate lets none through, a half-open one a few.
    private var gate = Int.max
    /// Whether only elements that came back may be taken.
    private var isHolding = false
    private var senders: [Waiting] = []
    private var receivers: [Waiting] = []
    private var phase = Phase.open

    /// `cost` gives an element's bytes; it is asked only where the limits bound them.
    package init(limits: ChannelLimits, cost: (@Sendable (borrowing Element) -> Int)? = nil) {
        self.limits = limits
        self.cost = limits.bytes == nil ? nil : cost
    }

    package var count: Int { queue.count }
    package var byteCount: Int { bytes }
    package var waitingSenders: Int { senders.count }
    package var waitingReceivers: Int { receivers.count }

    /// What is in it and who waits at it, with the first `count` elements: those that came back, then the oldest.
    func glimpse(first count: Int) -> ChannelGlimpse<Element> {
        let returned = returns.first(count)
        return ChannelGlimpse(
            queued: queue.count,
            returned: returns.count,
            bytes: cost == nil ? nil : bytes,
            senders: senders.count,
            receivers: receivers.count,
            isHolding: isHolding,
            first: returned + (0..<min(count - returned.count, queue.count)).map { queue[$0] }
        )
    }

    // MARK: Sending

    /// Takes elements from the front of `batch` while there is room.
    ///
    /// What doesn't fit waits if the policy is to block and a `waiter` is given; else it stays in the batch
    /// (``ChannelSignal/full``). Elements that an overflow drops to make room go to `evicted`. Nil means that the
    /// waiter waits.
    package mutating func send(
        _ batch: Batch<Element>,
        evicted: Batch<Element>,
        waiter: (id: UInt64, token: Token)?,
        wakeups: inout Wakeups
    ) -> ChannelSignal? {
        switch phase {
        case .open: break
        case .finished: return .finished
        case .cancelled: return .cancelled
        }
        handOver(batch, wakeups: &wakeups)
        if senders.isEmpty { enqueue(batch) }
        if batch.isEmpty { return .done }
        switch limits.overflow {
        case .block:
            guard let waiter else { return .full }
            senders.append(Waiting(id: waiter.id, token: waiter.token, batch: batch, limit: 0))
            return nil
        case .dropOldest:
            evict(for: batch, into: evicted)
            return batch.isEmpty ? .done : .full
        case .dropNewest, .reject:
            return .full
        }
    }

    /// Gives elements straight to receivers that wait; the one that began to wait last comes first, as its caches
    /// are the warmest.
    private mutating func handOver(_ batch: Batch<Element>, wakeups: inout Wakeups) {
        while !batch.isEmpty, gate > 0, !isHolding, let receiver = receivers.popLast() {
            let before = receiver.batch.count
            receiver.batch.append(moving: min(receiver.limit, gate), from: batch)
            number(receiver.batch, since: before)
            wakeups.add(receiver.token, .done)
        }
    }

    private mutating func enqueue(_ batch: Batch<Element>) {
        guard let cost, let most = limits.bytes else {
            queue.append(limits.capacity - queue.count, from: batch)
            return
        }
        while !batch.isEmpty, queue.count < limits.capacity {
            let size = cost(batch[0])
            guard bytes + size <= most || queue.count == 0 else { return }
            bytes += size
            queue.append(1, from: batch)
        }
    }

    private mutating func dequeue(_ amount: Int, to batch: Batch<Element>) {
        let first = batch.count
        queue.move(amount, to: batch)
        guard let cost else { return }
        for index in first..<batch.count { bytes -= cost(batch[index]) }
    }

    /// Counts what a receiver got; a batch that was empty learns which of the channel's elements its first one is.
    private mutating func number(_ batch: Batch<Element>, since before: Int) {
        if before == 0 { batch.position = taken }
        taken += UInt64(batch.count - before)
        pass(batch.count - before)
    }

    private mutating func pass(_ count: Int) {
        if gate != .max { gate -= count }
    }

    private mutating func evict(for batch: Batch<Element>, into evicted: Batch<Element>) {
        while !batch.isEmpty, queue.count > 0 {
            dequeue(1, to: evicted)
            enqueue(batch)
        }
    }

    // MARK: Receiving

    /// Adds up to `limit` elements to the back of `batch`: what is there, without waiting for more.
    ///
    /// If nothing is there the `waiter` waits (nil), or the answer is ``ChannelSignal/empty`` when none is given.
    package mutating func receive(
        _ batch: Batch<Element>,
        limit: Int,
        waiter: (id: UInt64, token: Token)?,
        wakeups: inout Wakeups
    ) -> ChannelSignal? {
        let before = batch.count
        take(batch, limit: limit, wakeups: &wakeups)
        if batch.count > before { return .done }
        switch phase {
        case .finished where isDrained: return .finished
        case .cancelled: return .cancelled
        case .open, .finished: break
        }
        guard let waiter else { return .empty }
        receivers.append(Waiting(id: waiter.id, token: waiter.token, batch: batch, limit: limit))
        return nil
    }

    /// Moves what may be taken to `batch`: an element that came back, alone, or else the oldest.
    private mutating func take(_ batch: Batch<Element>, limit: Int, wakeups: inout Wakeups) {
        guard gate > 0, limit > 0 else { return }
        let before = batch.count
        if returns.take(into: batch) { return pass(1) }
        if isHolding { return }
        let limit = min(limit, gate)
        dequeue(limit, to: batch)
        number(batch, since: before)
        admitSenders(batch, limit: limit - (batch.count - before), wakeups: &wakeups)
    }

    /// Moves what senders wait with to a receiver that has room for `limit` more, then to the queue, in their order.
    private mutating func admitSenders(_ batch: Batch<Element>, limit: Int, wakeups: inout Wakeups) {
        var limit = limit
        var admitted = 0
        while admitted < senders.count {
            let waiting = senders[admitted]
            if queue.count == 0, limit > 0 {
                let before = batch.count
                batch.append(moving: limit, from: waiting.batch)
                number(batch, since: before)
                limit -= batch.count - before
            }
            enqueue(waiting.batch)
            guard waiting.batch.isEmpty else { break }
            wakeups.add(waiting.token, .done)
            admitted += 1
        }
        senders.removeFirst(admitted)
    }

    // MARK: Coming back

    /// Whether some that came back are there.
    package var hasReturns: Bool { returns.hasSome }

    /// Elements that were taken will come back, so that the channel does not end before.
    package mutating func expect(_ count: Int) { returns.expected += count }

    /// One that was expected comes back; it does not wait for room, and is taken before the others.
    ///
    /// Once the channel was cancelled it goes to `leftovers`.
    package mutating func giveBack(
        _ element: consuming Element,
        position: UInt64,
        leftovers: Batch<Element>,
        wakeups: inout Wakeups
    ) {
        returns.expected -= 1
        if phase == .cancelled { return leftovers.append(element) }
        returns.add(element, position)
        serveReceivers(&wakeups)
    }

    /// So many that were expected will not come back.
    package mutating func forget(_ count: Int, wakeups: inout Wakeups) {
        returns.expected -= count
        serveReceivers(&wakeups)
    }

    /// Lets `count` more elements be taken: none shuts the gate, `.max` opens it for good.
    package mutating func setGate(_ count: Int, wakeups: inout Wakeups) {
        gate = count
        serveReceivers(&wakeups)
    }

    /// Lets only elements be taken that came back, or all again.
    package mutating func setHold(_ holds: Bool, wakeups: inout Wakeups) {
        isHolding = holds
        serveReceivers(&wakeups)
    }

    private var isDrained: Bool { queue.count == 0 && returns.isEmpty }

    /// Gives receivers that wait what they may take now, or the end.
    private mutating func serveReceivers(_ wakeups: inout Wakeups) {
        while let receiver = receivers.last {
            let before = receiver.batch.count
            take(receiver.batch, limit: receiver.limit, wakeups: &wakeups)
            guard receiver.batch.count > before else { break }
            receivers.removeLast()
            wakeups.add(receiver.token, .done)
        }
        if phase == .finished, isDrained { wakeAll(.finished, wakeups: &wakeups) }
    }

    // MARK: Ending

    /// No more may be sent; what is queued can still be received.
    ///
    /// Senders that wait get back what they wait with.
    package mutating func finish(wakeups: inout Wakeups) {
        guard phase == .open else { return }
        phase = .finished
        for waiting in senders { wakeups.add(waiting.token, .finished) }
        senders = []
        serveReceivers(&wakeups)
    }

    /// Ends the channel at once; what was queued goes to `leftovers`.
    package mutating func cancel(leftovers: Batch<Element>, wakeups: inout Wakeups) {
        guard phase != .cancelled else { return }
        phase = .cancelled
        returns.removeAll(to: leftovers)
        dequeue(queue.count, to: leftovers)
        wakeAll(.cancelled, wakeups: &wakeups)
    }

    /// Takes back one waiter whose task was cancelled; it may have been woken already.
    package mutating func cancelWaiter(_ id: UInt64, wakeups: inout Wakeups) {
        if let index = senders.firstIndex(where: { $0.id == id }) {
            wakeups.add(senders.remove(at: index).token, .cancelled)
            // Those behind it may fit where it did not.
            while let next = senders.first {
                enqueue(next.batch)
                guard next.batch.isEmpty else { return }
                wakeups.add(senders.removeFirst().token, .done)
            }
        } else if let index = receivers.firstIndex(where: { $0.id == id }) {
            wakeups.add(receivers.remove(at: index).token, .cancelled)
        }
    }

    private mutating func wakeAll(_ signal: ChannelSignal, wakeups: inout Wakeups) {
        for waiting in senders + receivers { wakeups.add(waiting.token, signal) }
        senders = []
        receivers = []
    }
}
