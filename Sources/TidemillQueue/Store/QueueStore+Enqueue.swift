import Tidemill

extension QueueStore {
    /// Puts messages into a queue, all or none; they are on the disk when it returns.
    public func enqueue(_ messages: [NewMessage], to queue: String) throws -> [QueueReceipt] {
        if messages.isEmpty { return [] }
        return try write(.powerLoss) { [self] connection in
            let queue = try connection.queue(queue)
            let moment = now
            var id = try connection.reserveIDs(messages.count)
            let receipts = try messages.map { message in
                id += 1
                return try connection.insert(message, id: id, queue, at: moment)
            }
            connection.hasNews = true
            return receipts
        }
    }
}

/// A queue of a file, for the length of a transaction.
struct QueueRow {
    let id: Int64
    let isOrdered: Bool
}

extension Connection {
    /// The queue of that name, which is made where there is none.
    func queue(_ name: String) throws -> QueueRow {
        if let row = try existingQueue(name) { return row }
        try statement("INSERT INTO queues (name) VALUES (?)").bind(name).run()
        return try existingQueue(name) ?? QueueRow(id: 0, isOrdered: false)
    }

    /// The queue of that name, if there is one.
    func existingQueue(_ name: String) throws -> QueueRow? {
        try statement("SELECT id, ordered FROM queues WHERE name = ?").bind(name).first { row in
            QueueRow(id: row.integer(), isOrdered: row.integer() != 0)
        }
    }

    /// The id before the first of `count` that nobody else gets, also after messages were deleted.
    func reserveIDs(_ count: Int) throws -> Int64 {
        try statement("UPDATE counters SET last_id = last_id + ?").bind(count).run()
        return try (statement("SELECT last_id FROM counters").first { $0.integer() } ?? 0) - Int64(count)
    }

    func insert(_ message: NewMessage, id: Int64, _ queue: QueueRow, at moment: Int64) throws -> QueueReceipt {
        let available = moment.adding(message.delay)
        let orderKey = queue.isOrdered ? message.key : nil
        let isBlocked = try orderKey.map { try isUnfinished($0, in: queue) } ?? false
        let state: QueueState = isBlocked ? .blocked : available > moment ? .delayed : .ready
        let insert = try statement(
            """
            INSERT INTO messages (id, queue, state, priority, attempts, created_at, available_at, order_key, unique_key,
                key, headers, metadata, body)
            VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (queue, unique_key) WHERE unique_key IS NOT NULL DO NOTHING
            """
        )
        insert.bind(id).bind(queue.id).bind(state.rawValue).bind(message.priority).bind(moment).bind(available)
        insert.bind(orderKey).bind(message.uniqueKey).bind(message.key)
        try insert.bind(message.headers).bind(message.metadata).bind(message.body).run()
        guard changes == 0, let uniqueKey = message.uniqueKey else { return .queued(id) }
        let other = try statement("SELECT id FROM messages WHERE queue = ? AND unique_key = ?")
        return .duplicate(of: try other.bind(queue.id).bind(uniqueKey).first { $0.integer() } ?? 0)
    }

    private func isUnfinished(_ orderKey: Bytes, in queue: QueueRow) throws -> Bool {
        let statement = try statement("SELECT 1 FROM messages WHERE queue = ? AND order_key = ? LIMIT 1")
        return try statement.bind(queue.id).bind(orderKey).first { _ in true } ?? false
    }
}

extension Int64 {
    /// This moment in milliseconds and so much later; no later than the numbers go.
    func adding(_ duration: Duration) -> Int64 {
        let milliseconds = (duration / .milliseconds(1)).rounded(.up)
        guard abs(milliseconds) < 1e15 else { return milliseconds < 0 ? self : .max }
        return addingReportingOverflow(Int64(milliseconds)).partialValue
    }
}
