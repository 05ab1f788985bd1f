@testable import Tidemill

/// An element of the channel under test.
struct Item: Hashable, Sendable {
    let sender: Int
    let number: Int
    var cost: Int { 1 + (sender + number) % 3 }
}

/// What a channel should do, in the simplest words: one line of elements, those of waiting senders included, of which
/// the longest prefix that fits is queued.
struct ChannelModel {
    enum Phase { case open, finished, cancelled }

    let limits: ChannelLimits
    private(set) var line: [(item: Item, sender: Int?)] = []
    private(set) var receivers: [(id: Int, limit: Int)] = []
    private(set) var phase = Phase.open
    private(set) var taken = 0
    /// What each sender's and receiver's batch holds.
    var batches: [Int: [Item]] = [:]
    var positions: [Int: Int] = [:]
    private(set) var evicted: [Item] = []
    private(set) var leftovers: [Item] = []
    private(set) var woken: [Int: ChannelSignal] = [:]

    init(limits: ChannelLimits) { self.limits = limits }

    var queued: [Item] { Array(line.prefix(fitting).map(\.item)) }
    var waitingSenders: Set<Int> { Set(line.compactMap(\.sender)) }

    private var fitting: Int {
        var (count, bytes) = (0, 0)
        while count < line.count, count < limits.capacity {
            bytes += line[count].item.cost
            if let most = limits.bytes, bytes > most, count > 0 { break }
            count += 1
        }
        return count
    }

    mutating func begin() { woken = [:] }

    mutating func send(_ id: Int, mayWait: Bool) -> ChannelSignal? {
        if let ended { return ended }
        while !batch(id).isEmpty, let receiver = receivers.popLast() {
            let given = batch(id).prefix(receiver.limit)
            batches[id]?.removeFirst(given.count)
            give(Array(given), to: receiver.id)
            woken[receiver.id] = .done
        }
        if waitingSenders.isEmpty { admit(id) }
        if batch(id).isEmpty { return .done }
        if limits.overflow == .dropOldest {
            while !batch(id).isEmpty, !line.isEmpty {
                evicted.append(line.removeFirst().item)
                admit(id)
            }
            return batch(id).isEmpty ? .done : .full
        }
        guard mayWait, limits.overflow == .block else { return .full }
        line += batch(id).map { ($0, id) }
        return nil
    }

    mutating func receive(_ id: Int, limit: Int, mayWait: Bool) -> ChannelSignal? {
        let count = min(limit, line.count)
        if count > 0 {
            let given = line.prefix(count)
            line.removeFirst(count)
            for (item, sender) in given { if let sender { remove(item, from: sender) } }
            give(given.map(\.item), to: id)
            settleSenders()
            return .done
        }
        if let ended { return ended }
        guard mayWait else { return .empty }
        receivers.append((id, limit))
        return nil
    }

    mutating func finish() {
        guard phase == .open else { return }
        phase = .finished
        wakeAll(.finished)
    }

    mutating func cancel() {
        guard phase != .cancelled else { return }
        leftovers += line.filter { $0.sender == nil }.map(\.item)
        phase = .cancelled
        wakeAll(.cancelled)
        line = []
    }

    mutating func cancelWaiter(_ id: Int) {
        if waitingSenders.contains(id) {
            line.removeAll { $0.sender == id }
            woken[id] = .cancelled
            settleSenders()
        } else if receivers.contains(where: { $0.id == id }) {
            receivers.removeAll { $0.id == id }
            woken[id] = .cancelled
        }
    }

    // MARK: Steps of steps

    private var ended: ChannelSignal? {
        switch phase {
        case .open: nil
        case .finished: .finished
        case .cancelled: .cancelled
        }
    }

    private func batch(_ id: Int) -> [Item] { batches[id] ?? [] }

    /// Queues of a sender's batch what fits.
    private mutating func admit(_ id: Int) {
        let before = line.count
        line += batch(id).map { ($0, nil) }
        let fits = fitting
        batches[id]?.removeFirst(fits - before)
        line.removeLast(line.count - fits)
    }

    private mutating func give(_ items: [Item], to id: Int) {
        if batch(id).isEmpty { positions[id] = taken }
        batches[id, default: []] += items
        taken += items.count
    }

    private mutating func remove(_ item: Item, from sender: Int) {
        batches[sender]?.removeAll { $0 == item }
    }

    /// What fits now of those that wait is queued; who has nothing left to wait with is done.
    private mutating func settleSenders() {
        for index in 0..<fitting {
            guard let sender = line[index].sender else { continue }
            remove(line[index].item, from: sender)
            line[index].sender = nil
        }
        for (id, items) in batches where items.isEmpty && isSender(id) && waiting.contains(id) {
            woken[id] = .done
            waiting.remove(id)
        }
    }

    /// Senders that wait, by the test's own account.
    var waiting: Set<Int> = []

    private func isSender(_ id: Int) -> Bool { id < 10 }

    private mutating func wakeAll(_ signal: ChannelSignal) {
        for id in waitingSenders { woken[id] = signal }
        line.removeAll { $0.sender != nil }
        for (id, _) in receivers { woken[id] = signal }
        receivers = []
    }
}
