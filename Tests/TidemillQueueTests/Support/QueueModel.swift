import Tidemill
import TidemillBroker

@testable import TidemillQueue

/// What a queue is to do, as plainly as it can be said: a list that is looked through each time.
struct QueueModel {
    struct Message {
        let id: Int64
        let key: Bytes?
        let priority: Int
        var uniqueKey: Bytes?
        var availableAt: Int64
        var attempts = 0
        var leaseUntil: Int64?
        var token: Int64?
        var isDead = false
    }

    let isOrdered: Bool
    private var messages: [Message] = []

    init(isOrdered: Bool) { self.isOrdered = isOrdered }

    subscript(id: Int64) -> Message? { messages.first { $0.id == id } }

    private func place(_ lease: QueueLease) -> Int? {
        messages.firstIndex { $0.id == lease.id && $0.token == lease.token && !$0.isDead }
    }

    /// What it says of new messages, whose numbers are the store's to choose.
    mutating func enqueue(_ new: [NewMessage], _ receipts: [QueueReceipt], at moment: Int64) -> [QueueReceipt] {
        zip(new, receipts).map { message, receipt in
            if let key = message.uniqueKey, let other = messages.first(where: { $0.uniqueKey == key }) {
                return .duplicate(of: other.id)
            }
            guard case .queued(let id) = receipt, id > messages.last?.id ?? 0 else { return .duplicate(of: -1) }
            let available = moment + Int64(message.delay / .milliseconds(1))
            messages.append(
                Message(
                    id: id,
                    key: message.key,
                    priority: message.priority,
                    uniqueKey: message.uniqueKey,
                    availableAt: available
                )
            )
            return .queued(id)
        }
    }

    private func isBlocked(_ message: Message) -> Bool {
        guard isOrdered, let key = message.key else { return false }
        return messages.contains { $0.id < message.id && $0.key == key && !$0.isDead }
    }

    private func state(_ message: Message, at moment: Int64) -> QueueState {
        if message.isDead { return .dead }
        if let until = message.leaseUntil, until > moment { return .leased }
        if isBlocked(message) { return .blocked }
        return message.availableAt > moment && message.leaseUntil == nil ? .delayed : .ready
    }

    func counts(at moment: Int64) -> [QueueState: Int] {
        messages.reduce(into: [:]) { $0[state($1, at: moment), default: 0] += 1 }
    }

    mutating func lease(_ count: Int, at moment: Int64, until: Int64, token: Int64?) -> [Int64] {
        let expired = messages.indices.filter { messages[$0].leaseUntil.map { $0 <= moment } ?? false }
        let ready = messages.filter { state($0, at: moment) == .ready }
        // Whoever is late still counts until somebody looks for messages.
        for place in expired where !ready.isEmpty { messages[place].leaseUntil = nil }
        let chosen = ready.sorted { ($1.priority, $0.id) < ($0.priority, $1.id) }.prefix(count).map(\.id)
        for place in messages.indices where chosen.contains(messages[place].id) {
            messages[place].attempts += 1
            messages[place].leaseUntil = until
            messages[place].token = token
        }
        return chosen
    }

    mutating func settle(_ lease: QueueLease, _ verdict: LeaseEnding<QueueLease>.Verdict, at moment: Int64) -> Bool {
        guard let place = place(lease) else { return false }
        messages[place].token = nil
        messages[place].leaseUntil = nil
        switch verdict {
        case .done: messages.remove(at: place)
        case .giveUp:
            messages[place].isDead = true
            messages[place].uniqueKey = nil
        case .release:
            messages[place].attempts -= 1
            messages[place].availableAt = moment
        case .again(let delay, _): messages[place].availableAt = moment + Int64(delay / .milliseconds(1))
        }
        return true
    }

    mutating func extend(_ lease: QueueLease, until: Int64) -> Bool {
        guard let place = place(lease), messages[place].leaseUntil != nil else { return false }
        messages[place].leaseUntil = until
        return true
    }

    mutating func retry(at moment: Int64) -> [Int64] {
        let dead = messages.indices.filter { messages[$0].isDead }
        for place in dead {
            messages[place].isDead = false
            messages[place].attempts = 0
            messages[place].availableAt = moment
        }
        return dead.map { messages[$0].id }
    }

    mutating func purgeDead() -> Int {
        let before = messages.count
        messages.removeAll(where: \.isDead)
        return before - messages.count
    }
}
