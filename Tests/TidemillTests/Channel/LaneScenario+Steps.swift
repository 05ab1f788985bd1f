import TidemillTesting

@testable import Tidemill

/// One step of the life of a channel with lanes.
enum LaneStep: Hashable {
    case send(Int, [UInt64?])
    case trySend(Int, [UInt64?])
    case receive(Int, limit: Int)
    case tryReceive(Int, limit: Int)
    /// Receives into a batch that still holds what came before.
    case receiveMore(Int, limit: Int)
    /// The receiver is done with the first of its elements.
    case handle(Int)
    /// The first of its elements will come back, and those that belong behind it wait there.
    case fail(Int)
    /// All of its elements go back as they are.
    case abandon(Int)
    /// One of those that are away comes back, or will not.
    case giveBack(Int)
    case forget(Int)
    case hold(Bool)
    case gate(Int)
    case moveHorizon(Int)
    case close(UInt64?, milliseconds: Int)
    case advance(milliseconds: Int)
    case dismiss(Int)
    case recall(Int)
    case cancelWaiter(Int)
    case finish
    case cancel
}

extension LaneScenario {
    /// Whether the step makes sense now: nobody does two things at once.
    func allows(_ step: LaneStep) -> Bool {
        switch step {
        case .send(let id, _), .trySend(let id, _): !waitingSenders.contains(id)
        case .receive(let id, _), .tryReceive(let id, _): !isWaiting(id) && !isHolding(id)
        case .receiveMore(let id, _), .handle(let id), .fail(let id), .abandon(let id): !isWaiting(id) && isHolding(id)
        case .giveBack(let place), .forget(let place): place < away.count
        case .moveHorizon: rules.hasHorizon
        case .cancelWaiter(let id): waitingSenders.contains(id) || isWaiting(id)
        default: true
        }
    }

    private func isWaiting(_ id: Int) -> Bool { waitingReceivers.contains { $0.id == id } }
    private func isHolding(_ id: Int) -> Bool { !(hands[id]?.batch.isEmpty ?? true) }

    /// Takes the step and says what was wrong about it.
    mutating func take(_ step: LaneStep) -> String? {
        switch step {
        case .send(let id, let keys): send(id, keys, mayWait: true)
        case .trySend(let id, let keys): send(id, keys, mayWait: false)
        case .receive(let id, let limit), .receiveMore(let id, let limit): receive(id, limit, mayWait: true)
        case .tryReceive(let id, let limit): receive(id, limit, mayWait: false)
        case .handle(let id): handle(id)
        case .fail(let id): failFirst(id)
        case .abandon(let id): abandon(id)
        case .giveBack(let place): giveBack(place)
        case .forget(let place):
            let piece = away.remove(at: place).piece
            state.forget(piece, wakeups: &wakeups)
            finish(piece)
        case .cancelWaiter(let id): cancelWaiter(id)
        default: changeRules(step)
        }
        return settle()
    }

    private mutating func changeRules(_ step: LaneStep) {
        switch step {
        case .hold(let holds):
            isHolding = holds
            state.setHold(holds, wakeups: &wakeups)
        case .gate(let count):
            gate = count
            state.setGate(count, wakeups: &wakeups)
        case .moveHorizon(let count):
            horizon += UInt64(count)
            state.setHorizon(horizon, wakeups: &wakeups)
        case .close(let key, let milliseconds): admission.close(key, for: .milliseconds(milliseconds))
        case .advance(let milliseconds):
            admission.advance(by: .milliseconds(milliseconds))
            state.wake(admission.now, wakeups: &wakeups)
        case .dismiss(let count): dismiss(count)
        case .recall(let count):
            let expected = min(count, surplus)
            if state.recall(count) != expected { fail("not \(expected) dismissals were recalled") }
            surplus -= expected
        case .finish:
            isFinished = true
            state.finish(wakeups: &wakeups)
        case .cancel:
            isCancelled = true
            state.cancel(leftovers: leftovers, wakeups: &wakeups)
            (fresh, returned) = ([], [])
        default: break
        }
    }

    // MARK: Senders and receivers

    private mutating func send(_ id: Int, _ keys: [UInt64?], mayWait: Bool) {
        let batch = senders[id] ?? Batch()
        senders[id] = batch
        for key in keys {
            let piece = Piece(number: sent, key: key)
            batch.append(piece)
            offered[id, default: []].append(piece)
            sent += 1
        }
        let waiter = mayWait ? (UInt64(id), id) : nil
        let signal = state.send(batch, evicted: evicted, waiter: waiter, wakeups: &wakeups)
        for id in waitingSenders + [id] { arrive(id) }
        if signal == nil { waitingSenders.append(id) }
        if signal == .done, !batch.isEmpty { fail("\(id) was not rid of everything") }
        let isFull = fresh.count >= rules.limits.capacity || rules.limits.bytes != nil
        settleEvictions()
        let mayBeFull = isFull || fresh.count >= rules.limits.capacity || rules.limits.overflow == .dropOldest
        if signal == .full, !mayBeFull || takeableRoom { fail("the channel is full with \(fresh.count)") }
    }

    /// Whether the step left room though it said that there is none.
    private var takeableRoom: Bool {
        // Those that were woken have not been booked yet.
        rules.limits.bytes == nil && state.count < rules.limits.capacity
    }

    private mutating func receive(_ id: Int, _ limit: Int, mayWait: Bool) {
        let hand = hands[id] ?? Hand()
        hands[id] = hand
        counts[id] = hand.batch.count
        lastWaiter += 1
        let waiter = mayWait ? (100 + lastWaiter, id) : nil
        let signal = state.receive(hand.batch, limit: limit, waiter: waiter, wakeups: &wakeups)
        for id in waitingSenders { arrive(id) }
        let mustLeave = surplus > 0 && !isFinished && !isCancelled
        if (signal == .dismissed) != mustLeave { fail("\(id) heard \(String(describing: signal))") }
        switch signal {
        case .done: take(id)
        case .dismissed: surplus -= 1
        case .finished: if !isFinished || !isDrained { fail("the end came to \(id) before it was there") }
        case .cancelled: if !isCancelled { fail("\(id) was cancelled by nobody") }
        case .full: fail("a receiver heard that it is full")
        case .empty: checkEmpty(hand)
        case nil: waitingReceivers.append((id, 100 + lastWaiter))
        }
    }

    /// Nothing was there for a receiver that does not wait.
    private mutating func checkEmpty(_ hand: Hand) {
        waitingReceivers.append((-1, 0))
        hands[-1] = Hand()
        checkReceivers()
        hands[-1] = nil
        waitingReceivers.removeLast()
    }

    private mutating func dismiss(_ count: Int) {
        let waiting = waitingReceivers.map(\.id)
        state.dismiss(count, wakeups: &wakeups)
        guard !isFinished, !isCancelled else { return }
        let sentAway = ((wakeups.first.map { [$0] } ?? []) + wakeups.others).filter { $0.signal == .dismissed }
        if sentAway.map(\.token) != Array(waiting.prefix(count)) { fail("\(sentAway) were sent away") }
        surplus += count - sentAway.count
    }

    private mutating func cancelWaiter(_ id: Int) {
        let waiter = waitingReceivers.first { $0.id == id }?.waiter ?? UInt64(id)
        state.cancelWaiter(waiter, wakeups: &wakeups)
    }

    // MARK: What a receiver does with what it has

    private mutating func handle(_ id: Int) {
        guard let hand = hands[id], let piece = hand.batch.popFirst() else { return }
        hand.batch.position += 1
        finish(piece)
        releaseIfEmpty(id)
    }

    private mutating func finish(_ piece: Piece) {
        done.append(piece)
        guard rules.isOrdered, rules.hasLanes, let key = piece.key else { return }
        let position = positions[piece] ?? 0
        if let last = last[key], last > position { fail("\(piece) was done too late") }
        last[key] = position
    }

    private mutating func releaseIfEmpty(_ id: Int) {
        guard let hand = hands[id], hand.batch.isEmpty else { return }
        let lanes = hand.batch.lanes
        hand.batch.lanes = []
        hands[id]?.keys = []
        state.release(lanes, wakeups: &wakeups)
    }

    private mutating func failFirst(_ id: Int) {
        guard let hand = hands[id], let piece = hand.batch.popFirst() else { return }
        let position = hand.batch.position
        hand.batch.position += 1
        state.expect(piece, from: hand.batch)
        away.append((piece, position))
        if rules.hasLanes, rules.isOrdered, let key = piece.key {
            hands[id]?.keys.removeAll { $0 == key }
            var rest: [(element: Piece, position: UInt64)] = []
            for place in 0..<hand.batch.count {
                guard let other = hand.batch.popFirst() else { break }
                if other.key == key {
                    rest.append((other, hand.batch.position + UInt64(place)))
                } else {
                    hand.batch.append(other)
                }
            }
            restore(rest)
        }
        counts[id] = hand.batch.count
        releaseIfEmpty(id)
    }

    private mutating func abandon(_ id: Int) {
        guard let hand = hands[id] else { return }
        var rest: [(element: Piece, position: UInt64)] = []
        while let piece = hand.batch.popFirst() {
            rest.append((piece, hand.batch.position + UInt64(rest.count)))
        }
        counts[id] = 0
        restore(rest)
        releaseIfEmpty(id)
    }

    private mutating func restore(_ rest: [(element: Piece, position: UInt64)]) {
        if !isCancelled { returned += rest.map(\.element) }
        if rules.isOrdered { returned.sort { positions[$0] ?? 0 < positions[$1] ?? 0 } }
        state.restore(rest, leftovers: leftovers, wakeups: &wakeups)
    }

    private mutating func giveBack(_ place: Int) {
        let (piece, position) = away.remove(at: place)
        if !isCancelled { returned.append(piece) }
        if rules.isOrdered { returned.sort { positions[$0] ?? 0 < positions[$1] ?? 0 } }
        state.giveBack(piece, position: position, leftovers: leftovers, wakeups: &wakeups)
    }
}
