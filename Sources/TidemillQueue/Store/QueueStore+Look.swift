import Tidemill

extension QueueStore {
    /// The names of the queues that the file has.
    public func queues() throws -> [String] {
        try read { connection in
            var names: [String] = []
            try connection.statement("SELECT name FROM queues ORDER BY name").forEach { names.append($0.text()) }
            return names
        }
    }

    /// How many messages a queue has, and how old they are.
    public func statistics(of queue: String) throws -> QueueStatistics {
        try read { [self] connection in
            guard let row = try connection.existingQueue(queue) else {
                return QueueStatistics(counts: [:], oldestAge: nil)
            }
            let moment = now
            var counts: [QueueState: Int] = [:]
            var oldest: Int64?
            // One count for each state, since each has an index of its own.
            for (state, condition) in Self.shown {
                let count = try connection.statement("SELECT count(*), min(id) FROM messages WHERE \(condition)")
                try count.bind(row.id).bind(moment).forEach { row in
                    counts[state, default: 0] += row.int()
                    if state == .ready, let first = row.optionalInteger() { oldest = min(oldest ?? .max, first) }
                }
            }
            let created = try oldest.flatMap {
                try connection.statement("SELECT created_at FROM messages WHERE id = ?").bind($0).first { $0.integer() }
            }
            return QueueStatistics(
                counts: counts.filter { $0.value > 0 },
                oldestAge: created.map { .milliseconds(max(moment - $0, 0)) }
            )
        }
    }

    /// What a message counts as at a moment: one whose time has come is ready, whether or not somebody has noted it.
    private static let shown: [(QueueState, String)] = [
        (.ready, "queue = ?1 AND state = 0 AND ?2 = ?2"),
        (.ready, "queue = ?1 AND state = 1 AND available_at <= ?2"),
        (.delayed, "queue = ?1 AND state = 1 AND available_at > ?2"),
        (.ready, "queue = ?1 AND state = 2 AND lease_until <= ?2"),
        (.leased, "queue = ?1 AND state = 2 AND lease_until > ?2"),
        (.blocked, "queue = ?1 AND state = 5 AND order_key IS NOT NULL AND ?2 = ?2"),
        (.dead, "queue = ?1 AND state = 3 AND finished_at IS NOT NULL AND ?2 = ?2"),
        (.done, "queue = ?1 AND state = 4 AND finished_at IS NOT NULL AND ?2 = ?2"),
    ]

    /// Messages of a queue, the oldest first.
    ///
    /// - Parameters:
    ///   - queue: the queue's name.
    ///   - state: only those in this state; nil for all.
    ///   - limit: how many at most.
    public func messages(of queue: String, in state: QueueState? = nil, limit: Int = .max) throws -> [StoredMessage] {
        let conditions =
            state.map { state in Self.shown.filter { $0.0 == state }.map(\.1) } ?? ["queue = ?1 AND ?2 = ?2"]
        return try read { [self] connection in
            guard let row = try connection.existingQueue(queue) else { return [] }
            let moment = now
            let select = try connection.statement(
                "SELECT \(StoredMessage.columns) FROM messages "
                    + "WHERE (\(conditions.joined(separator: ") OR ("))) ORDER BY id LIMIT ?3"
            )
            var messages: [StoredMessage] = []
            try select.bind(row.id).bind(moment).bind(limit).forEach { messages.append(StoredMessage($0, at: moment)) }
            return messages
        }
    }

    /// One message of a queue.
    public func message(_ id: Int64, of queue: String) throws -> StoredMessage? {
        try read { [self] connection in
            guard let row = try connection.existingQueue(queue) else { return nil }
            let select = try connection.statement(
                "SELECT \(StoredMessage.columns) FROM messages WHERE id = ? AND queue = ?"
            )
            return try select.bind(id).bind(row.id).first { StoredMessage($0, at: now) }
        }
    }
}

extension StoredMessage {
    /// A row as it counts at a moment.
    fileprivate init(_ row: Statement, at moment: Int64) {
        let stored = StoredMessage(row)
        let isDue =
            switch stored.state {
            case .delayed: stored.availableAt <= moment
            case .leased: (stored.leaseUntil ?? .max) <= moment
            default: false
            }
        self = isDue ? stored.asReady : stored
    }
}
