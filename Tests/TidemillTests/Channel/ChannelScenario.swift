import Testing

@testable import Tidemill

/// One step of a channel's life; senders are 0, 1, …, receivers 10, 11, ….
enum ChannelStep: Hashable {
    case send(Int, count: Int)
    case trySend(Int, count: Int)
    case receive(Int, limit: Int)
    case tryReceive(Int, limit: Int)
    /// Receives into a batch that still holds what came before.
    case receiveMore(Int, limit: Int)
    case cancelWaiter(Int)
    case finish
    case cancel
}

/// Takes steps with the channel's state and with its model, and compares the two after each.
struct ChannelScenario: ~Copyable {
    private var state: ChannelState<Item, Int>
    private var model: ChannelModel
    private var batches: [Int: Batch<Item>] = [:]
    private var waiterOf: [Int: UInt64] = [:]
    private var sentBy: [Int: Int] = [:]
    private var received: [Item] = []
    private let evicted = Batch<Item>()
    private let leftovers = Batch<Item>()
    private var lastWaiter: UInt64 = 0

    init(limits: ChannelLimits) {
        state = ChannelState(limits: limits, rules: ChannelRules(cost: { $0.cost }))
        model = ChannelModel(limits: limits)
    }

    /// Whether the step makes sense now: nobody does two things at once.
    func allows(_ step: ChannelStep) -> Bool {
        switch step {
        case .send(let id, _), .trySend(let id, _), .receive(let id, _), .tryReceive(let id, _),
            .receiveMore(let id, _):
            waiterOf[id] == nil
        case .cancelWaiter(let id): waiterOf[id] != nil
        case .finish, .cancel: true
        }
    }

    /// Takes the step and says what differs from the model; a step that was compared before need not be again.
    mutating func take(_ step: ChannelStep, compared: Bool = true) -> String? {
        model.begin()
        var wakeups = ChannelState<Item, Int>.Wakeups()
        var answers: (ChannelSignal?, ChannelSignal?) = (.done, .done)
        switch step {
        case .send(let id, let count): answers = send(id, count, mayWait: true, &wakeups)
        case .trySend(let id, let count): answers = send(id, count, mayWait: false, &wakeups)
        case .receive(let id, let limit):
            clear(id)
            answers = receive(id, limit, mayWait: true, &wakeups)
        case .tryReceive(let id, let limit):
            clear(id)
            answers = receive(id, limit, mayWait: false, &wakeups)
        case .receiveMore(let id, let limit): answers = receive(id, limit, mayWait: true, &wakeups)
        case .cancelWaiter(let id):
            state.cancelWaiter(waiterOf[id] ?? 0, wakeups: &wakeups)
            model.cancelWaiter(id)
        case .finish:
            state.finish(wakeups: &wakeups)
            model.finish()
        case .cancel:
            state.cancel(leftovers: leftovers, wakeups: &wakeups)
            model.cancel()
        }
        if answers.0 != answers.1 { return "answers \(String(describing: answers))" }
        return wake(wakeups) ?? (compared ? compare() : nil)
    }

    private mutating func send(
        _ id: Int,
        _ count: Int,
        mayWait: Bool,
        _ wakeups: inout ChannelState<Item, Int>.Wakeups
    ) -> (ChannelSignal?, ChannelSignal?) {
        let batch = batch(id)
        for _ in 0..<count {
            let item = Item(sender: id, number: sentBy[id, default: 0])
            sentBy[id, default: 0] += 1
            batch.append(item)
            model.batches[id, default: []].append(item)
        }
        let expected = model.send(id, mayWait: mayWait)
        let answer = state.send(batch, evicted: evicted, waiter: waiter(id, mayWait), wakeups: &wakeups)
        return (note(id, answer), expected)
    }

    private mutating func receive(
        _ id: Int,
        _ limit: Int,
        mayWait: Bool,
        _ wakeups: inout ChannelState<Item, Int>.Wakeups
    ) -> (ChannelSignal?, ChannelSignal?) {
        let expected = model.receive(id, limit: limit, mayWait: mayWait)
        let answer = state.receive(batch(id), limit: limit, waiter: waiter(id, mayWait), wakeups: &wakeups)
        return (note(id, answer), expected)
    }

    private mutating func batch(_ id: Int) -> Batch<Item> {
        if let batch = batches[id] { return batch }
        let batch = Batch<Item>()
        batches[id] = batch
        return batch
    }

    /// What a receiver has is put aside before it asks for more.
    private mutating func clear(_ id: Int) {
        let batch = batch(id)
        while let item = batch.popFirst() { received.append(item) }
        model.batches[id] = []
    }

    private mutating func waiter(_ id: Int, _ mayWait: Bool) -> (id: UInt64, token: Int)? {
        guard mayWait else { return nil }
        lastWaiter += 1
        return (lastWaiter, id)
    }

    private mutating func note(_ id: Int, _ answer: ChannelSignal?) -> ChannelSignal? {
        if answer == nil {
            waiterOf[id] = lastWaiter
            model.waiting.insert(id)
        }
        return answer
    }

    /// Those that are woken were waiting, are woken once, and with what the model says.
    private mutating func wake(_ wakeups: ChannelState<Item, Int>.Wakeups) -> String? {
        var woken: [Int: ChannelSignal] = [:]
        for (id, signal) in (wakeups.first.map { [$0] } ?? []) + wakeups.others {
            if waiterOf.removeValue(forKey: id) == nil { return "\(id) was woken and did not wait" }
            woken[id] = signal
            model.waiting.remove(id)
        }
        return woken == model.woken ? nil : "woke \(woken), not \(model.woken)"
    }

    private func compare() -> String? {
        if state.count != model.queued.count { return "\(state.count) queued, not \(model.queued.count)" }
        let bytes = model.limits.bytes == nil ? 0 : model.queued.map(\.cost).reduce(0, +)
        if state.byteCount != bytes { return "\(state.byteCount) bytes, not \(bytes)" }
        if state.waitingSenders != model.waitingSenders.count { return "\(state.waitingSenders) senders wait" }
        if state.waitingReceivers != model.receivers.count { return "\(state.waitingReceivers) receivers wait" }
        for (id, batch) in batches {
            if contents(batch) != model.batches[id] ?? [] { return "batch \(id) holds \(contents(batch))" }
            if id >= 10, !batch.isEmpty, Int(batch.position) != model.positions[id] {
                return "batch \(id) is numbered \(batch.position)"
            }
        }
        if contents(evicted) != model.evicted { return "evicted \(contents(evicted))" }
        if contents(leftovers) != model.leftovers { return "left over \(contents(leftovers))" }
        return invariants()
    }

    private func invariants() -> String? {
        if state.waitingReceivers > 0, state.count > 0 || state.waitingSenders > 0 {
            return "a receiver waits beside work"
        }
        if state.waitingSenders > 0, model.phase != .open { return "a sender waits at a channel that ended" }
        if state.waitingReceivers > 0, model.phase != .open { return "a receiver waits at a channel that ended" }
        if state.count > model.limits.capacity { return "more is queued than fits" }
        return nil
    }

    private func contents(_ batch: Batch<Item>) -> [Item] { (0..<batch.count).map { batch[$0] } }

    /// Takes everything out: every element that was sent is in exactly one place, each sender's in order.
    mutating func drained() -> String? {
        for id in batches.keys where id >= 10 { clear(id) }
        var wakeups = ChannelState<Item, Int>.Wakeups()
        let rest = Batch<Item>()
        state.cancel(leftovers: rest, wakeups: &wakeups)
        var all = received + contents(evicted) + contents(leftovers) + contents(rest)
        for (id, batch) in batches where id < 10 { all += contents(batch) }
        let sent = sentBy.flatMap { id, count in (0..<count).map { Item(sender: id, number: $0) } }
        return all.count == sent.count && Set(all) == Set(sent)
            ? nil : "\(sent.count) were sent, \(all.count) are there"
    }
}
