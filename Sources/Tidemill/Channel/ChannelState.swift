/// How a wait on a channel ended.
package enum ChannelSignal: Sendable, Equatable {
    /// All was sent, or something was received.
    case done
    /// The channel is full (only for a sender that does not wait), and what is left in the batch did not fit.
    case full
    /// Nothing is there (only for a receiver that does not wait, or not so long).
    case empty
    /// No more may be sent, and nothing is left to receive.
    case finished
    /// The channel, or the task that waited, was cancelled; what was not sent is still in the sender's batch.
    case cancelled
    /// The receiver is one too many.
    case dismissed
}

/// The rules of a channel, without locks and without tasks: each method makes one step and says who is to be woken.
///
/// Invariants: receivers wait only while there is nothing that they may take; senders wait only while the queue is full
/// or, at capacity 0, while no receiver may take; nobody waits once the channel was cancelled, and none but receivers
/// once it was finished: while an element may still come back, or may not be taken yet.
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

    private let overflow: Overflow
    private var queue: ChannelQueue<Element>
    private var senders: [Waiting] = []
    private var receivers: [Waiting] = []
    /// How many receivers are still to be dismissed.
    private var surplus = 0
    private var phase = Phase.open

    package init(limits: ChannelLimits, rules: ChannelRules<Element> = ChannelRules()) {
        overflow = limits.overflow
        queue = ChannelQueue(limits: limits, rules: rules)
    }

    package var count: Int { queue.count }
    package var byteCount: Int { queue.bytes }
    package var waitingSenders: Int { senders.count }
    package var waitingReceivers: Int { receivers.count }
    /// How many receivers have waited at a time.
    package private(set) var mostWaitingReceivers = 0

    /// When to call ``wake(_:wakeups:)``, because something may be taken then that may not be now.
    package var wakesAt: Duration? { queue.wakesAt }

    /// What is in it and who waits at it, with the first `count` elements: those that came back, then the oldest.
    func glimpse(first count: Int) -> ChannelGlimpse<Element> {
        ChannelGlimpse(
            queued: queue.count,
            returned: queue.returned,
            bytes: queue.countsBytes ? queue.bytes : nil,
            senders: senders.count,
            receivers: receivers.count,
            isHolding: queue.isHolding,
            first: queue.first(count)
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
        if senders.isEmpty { enqueue(batch, wakeups: &wakeups) }
        if batch.isEmpty { return .done }
        switch overflow {
        case .block:
            guard let waiter else { return .full }
            senders.append(Waiting(id: waiter.id, token: waiter.token, batch: batch, limit: 0))
            return nil
        case .dropOldest:
            while !batch.isEmpty, queue.evict(into: evicted) { enqueue(batch, wakeups: &wakeups) }
            return batch.isEmpty ? .done : .full
        case .dropNewest, .reject:
            return .full
        }
    }

    /// Gives elements straight to receivers that wait; the one that began to wait last comes first, as its caches
    /// are the warmest.
    private mutating func handOver(_ batch: Batch<Element>, wakeups: inout Wakeups) {
        while !batch.isEmpty, senders.isEmpty, let receiver = receivers.last {
            guard queue.pass(batch, to: receiver.batch, limit: receiver.limit) > 0 else { return }
            receivers.removeLast()
            wakeups.add(receiver.token, .done)
        }
    }

    /// Queues what fits; where receivers take some of it at once, there is room for more.
    private mutating func enqueue(_ batch: Batch<Element>, wakeups: inout Wakeups) {
        var waiting: Int
        repeat {
            waiting = receivers.count
            queue.append(batch)
            if queue.hasRules { serveReceivers(&wakeups) }
        } while receivers.count < waiting && !batch.isEmpty
    }

    // MARK: Receiving

    /// Adds up to `limit` elements to the back of `batch`: what may be taken, without waiting for more.
    ///
    /// If nothing is there the `waiter` waits (nil), or the answer is ``ChannelSignal/empty`` when none is given. An
    /// element that came back is given alone.
    package mutating func receive(
        _ batch: Batch<Element>,
        limit: Int,
        waiter: (id: UInt64, token: Token)?,
        wakeups: inout Wakeups
    ) -> ChannelSignal? {
        if surplus > 0, phase != .cancelled, batch.isEmpty {
            surplus -= 1
            return .dismissed
        }
        if take(batch, limit: limit, wakeups: &wakeups) {
            if queue.hasRules { serveReceivers(&wakeups) }
            return .done
        }
        switch phase {
        case .finished where queue.isDrained: return .finished
        case .cancelled: return .cancelled
        case .open, .finished: break
        }
        guard let waiter else { return .empty }
        receivers.append(Waiting(id: waiter.id, token: waiter.token, batch: batch, limit: limit))
        mostWaitingReceivers = max(mostWaitingReceivers, receivers.count)
        return nil
    }

    /// Moves what may be taken to a batch, and lets senders that wait have the room; false if there was nothing.
    private mutating func take(_ batch: Batch<Element>, limit: Int, wakeups: inout Wakeups) -> Bool {
        let before = batch.count
        let more = queue.take(batch, limit: limit)
        admitSenders(batch, limit: more, wakeups: &wakeups)
        return batch.count > before
    }

    /// Moves what senders wait with to a receiver that has room for `limit` more, then to the queue, in their order.
    private mutating func admitSenders(_ batch: Batch<Element>, limit: Int, wakeups: inout Wakeups) {
        var limit = limit
        var admitted = 0
        while admitted < senders.count {
            let waiting = senders[admitted]
            if limit > 0 { limit -= queue.pass(waiting.batch, to: batch, limit: limit) }
            queue.append(waiting.batch)
            guard waiting.batch.isEmpty else { break }
            wakeups.add(waiting.token, .done)
            admitted += 1
        }
        senders.removeFirst(admitted)
    }

    /// Gives receivers that wait what they may take now, or the end.
    private mutating func serveReceivers(_ wakeups: inout Wakeups) {
        var index = receivers.count - 1
        while index >= 0 {
            let receiver = receivers[index]
            if take(receiver.batch, limit: receiver.limit, wakeups: &wakeups) {
                receivers.remove(at: index)
                wakeups.add(receiver.token, .done)
                index = receivers.count - 1
            } else if receiver.batch.isEmpty {
                // What this one may not take nobody may.
                break
            } else {
                // One that has something already does not get what came back.
                index -= 1
            }
        }
        if phase == .finished, queue.isDrained { wakeAll(.finished, wakeups: &wakeups) }
    }

    /// Sends so many receivers away that have nothing: those that have waited longest, and then those that come next.
    ///
    /// None is sent away once the channel was cancelled, which sends all of them away.
    package mutating func dismiss(_ count: Int, wakeups: inout Wakeups) {
        guard phase != .cancelled else { return }
        surplus += count
        receivers.removeAll { receiver in
            guard surplus > 0, receiver.batch.isEmpty else { return false }
            surplus -= 1
            wakeups.add(receiver.token, .dismissed)
            return true
        }
    }

    /// Takes back up to `count` dismissals that nobody has got yet, and says how many.
    package mutating func recall(_ count: Int) -> Int {
        let recalled = min(count, surplus)
        surplus -= recalled
        return recalled
    }

    // MARK: What may be taken

    /// An element of a batch that was taken will come back, so that the channel does not end before.
    package mutating func expect(_ element: borrowing Element, from batch: Batch<Element>) {
        queue.expect(element, from: batch)
    }

    /// One that was expected comes back; it does not wait for room, and is taken before the others.
    ///
    /// Once the channel was cancelled it goes to `leftovers`.
    package mutating func giveBack(
        _ element: consuming Element,
        position: UInt64,
        leftovers: Batch<Element>,
        wakeups: inout Wakeups
    ) {
        if phase == .cancelled {
            queue.forget(element)
            return leftovers.append(element)
        }
        queue.giveBack(element, position)
        serveReceivers(&wakeups)
    }

    /// One that was expected will not come back.
    package mutating func forget(_ element: borrowing Element, wakeups: inout Wakeups) {
        queue.forget(element)
        serveReceivers(&wakeups)
    }

    /// Puts back what was taken and not begun; once the channel was cancelled it goes to `leftovers`.
    package mutating func restore(
        _ elements: [(element: Element, position: UInt64)],
        leftovers: Batch<Element>,
        wakeups: inout Wakeups
    ) {
        if phase == .cancelled {
            for (element, _) in elements { leftovers.append(element) }
        } else {
            queue.restore(elements)
            serveReceivers(&wakeups)
        }
    }

    /// Makes as if an element had not been taken, which was taken by its key.
    package mutating func unread(_ element: consuming Element, releasing lanes: [Int], wakeups: inout Wakeups) {
        queue.unread(element)
        release(lanes, wakeups: &wakeups)
    }

    /// A receiver is done with what it took, and others may have what belongs to the same lanes.
    package mutating func release(_ lanes: [Int], wakeups: inout Wakeups) {
        queue.release(lanes)
        serveReceivers(&wakeups)
    }

    /// Lets `count` more elements be taken: none shuts the gate, `.max` opens it for good.
    package mutating func setGate(_ count: Int, wakeups: inout Wakeups) {
        queue.gate = count
        serveReceivers(&wakeups)
    }

    /// Lets only elements be taken that came back, or all again.
    package mutating func setHold(_ holds: Bool, wakeups: inout Wakeups) {
        queue.isHolding = holds
        serveReceivers(&wakeups)
    }

    /// Lets elements before this position be taken.
    package mutating func setHorizon(_ position: UInt64, wakeups: inout Wakeups) {
        queue.setHorizon(position)
        serveReceivers(&wakeups)
    }

    /// Asks again about elements that might not be taken until now.
    package mutating func wake(_ now: Duration, wakeups: inout Wakeups) {
        queue.wake(now)
        serveReceivers(&wakeups)
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
        queue.removeAll(to: leftovers)
        wakeAll(.cancelled, wakeups: &wakeups)
    }

    /// Takes back one waiter, whose task was cancelled or who has waited long enough; it may have been woken already.
    package mutating func cancelWaiter(_ id: UInt64, _ signal: ChannelSignal = .cancelled, wakeups: inout Wakeups) {
        if let index = senders.firstIndex(where: { $0.id == id }) {
            wakeups.add(senders.remove(at: index).token, signal)
            // Those behind it may fit where it did not.
            while let next = senders.first {
                queue.append(next.batch)
                guard next.batch.isEmpty else { break }
                wakeups.add(senders.removeFirst().token, .done)
            }
            if queue.hasRules { serveReceivers(&wakeups) }
        } else if let index = receivers.firstIndex(where: { $0.id == id }) {
            wakeups.add(receivers.remove(at: index).token, signal)
        }
    }

    private mutating func wakeAll(_ signal: ChannelSignal, wakeups: inout Wakeups) {
        for waiting in senders + receivers { wakeups.add(waiting.token, signal) }
        senders = []
        receivers = []
    }
}
