import Tidemill

/// How long messages that are dead or done stay in the file.
public struct QueueRetention: Hashable, Sendable {
    /// How long after their end; by default for ever.
    public var age: Duration?
    /// How many at most, the newest; by default all.
    public var count: Int?

    /// A bound on age, number, both or neither.
    public init(age: Duration? = nil, count: Int? = nil) {
        self.age = age
        self.count = count
    }
}

extension QueueStore {
    /// How many messages one transaction removes, so that others have their turn.
    private static let portion = 1_000

    /// Has a queue keep the order of messages that have the same key, from now on and for all consumers: one is leased
    /// only when those before it are done or dead, whatever its priority.
    public func keepOrder(of queue: String) throws {
        if try read({ try $0.existingQueue(queue)?.isOrdered == true }) { return }
        try write(.powerLoss) { connection in
            let row = try connection.queue(queue)
            try connection.statement("UPDATE queues SET ordered = 1 WHERE id = ?").bind(row.id).run()
            try connection.statement(
                "UPDATE messages SET order_key = key WHERE queue = ? AND key IS NOT NULL AND state IN (0, 1, 2)"
            ).bind(row.id).run()
            try connection.statement(
                """
                UPDATE messages SET state = 5 WHERE queue = ? AND order_key IS NOT NULL AND state IN (0, 1)
                AND \(Connection.stateOfFree) = 5
                """
            ).bind(row.id).run()
        }
    }

    /// Removes dead or done messages beyond what is to be kept.
    ///
    /// - Returns: how many.
    @discardableResult
    public func trim(_ state: QueueState, of queue: String, to retention: QueueRetention) throws -> Int {
        guard state == .dead || state == .done else { return 0 }
        var removed = 0
        if let age = retention.age {
            let end = now.adding(.zero - age)
            removed += try removePortions(of: queue) { connection, row in
                let delete = try connection.statement(
                    """
                    DELETE FROM messages WHERE id IN (
                        SELECT id FROM messages WHERE queue = ? AND state = ? AND finished_at <= ?
                        ORDER BY finished_at LIMIT \(Self.portion))
                    """
                )
                try delete.bind(row.id).bind(state.rawValue).bind(end).run()
            }
        }
        if let count = retention.count {
            removed += try removePortions(of: queue) { connection, row in
                let delete = try connection.statement(
                    """
                    DELETE FROM messages WHERE id IN (
                        SELECT id FROM messages WHERE queue = ? AND state = ? AND finished_at IS NOT NULL
                        ORDER BY finished_at DESC, id DESC LIMIT \(Self.portion) OFFSET ?)
                    """
                )
                try delete.bind(row.id).bind(state.rawValue).bind(count).run()
            }
        }
        return removed
    }

    /// Removes all messages that are in a state now; leases of those that are removed are lost.
    ///
    /// - Returns: how many.
    @discardableResult
    public func purge(_ state: QueueState, of queue: String) throws -> Int {
        let removed = try removePortions(of: queue) { connection, row in
            let delete = try connection.statement(
                "DELETE FROM messages WHERE id IN ("
                    + "SELECT id FROM messages WHERE queue = ? AND state = ? LIMIT \(Self.portion))"
            )
            try delete.bind(row.id).bind(state.rawValue).run()
        }
        if removed > 0 { try unblockAll(of: queue) }
        return removed
    }

    private func removePortions(
        of queue: String,
        _ remove: @escaping @Sendable (Connection, QueueRow) throws -> Void
    ) throws -> Int {
        var sum = 0
        while true {
            let removed = try write(.processCrash) { connection in
                guard let row = try connection.existingQueue(queue) else { return 0 }
                try remove(connection, row)
                return connection.changes
            }
            sum += removed
            if removed < Self.portion { return sum }
        }
    }

    /// Frees messages whose predecessors were removed.
    private func unblockAll(of queue: String) throws {
        try write(.processCrash) { [self] connection in
            guard let row = try connection.existingQueue(queue), row.isOrdered else { return }
            let unblock = try connection.statement(
                """
                UPDATE messages SET state = CASE WHEN available_at > ? THEN 1 ELSE 0 END
                WHERE queue = ? AND order_key IS NOT NULL AND state = 5 AND \(Connection.stateOfFree) = 0
                """
            )
            try unblock.bind(now).bind(row.id).run()
            connection.hasNews = true
        }
    }

    /// Makes dead messages ready again, as if they had never been tried.
    ///
    /// One stays dead while another message has its unique key; keys that are kept in order come back in their place.
    ///
    /// - Parameter ids: which ones; nil for all.
    /// - Returns: the ids of those that are ready now.
    public func retry(_ ids: [Int64]?, of queue: String) throws -> [Int64] {
        try write(.powerLoss) { [self] connection in
            guard let row = try connection.existingQueue(queue) else { return [] }
            let dead = try ids ?? connection.dead(of: row)
            let moment = now
            connection.hasNews = true
            return try dead.filter { try connection.revive($0, row, at: moment) }
        }
    }
}

extension Connection {
    fileprivate func dead(of queue: QueueRow) throws -> [Int64] {
        var ids: [Int64] = []
        let select = try statement(
            "SELECT id FROM messages WHERE queue = ? AND state = 3 AND finished_at IS NOT NULL ORDER BY id"
        )
        try select.bind(queue.id).forEach { ids.append($0.integer()) }
        return ids
    }

    fileprivate func revive(_ id: Int64, _ queue: QueueRow, at moment: Int64) throws -> Bool {
        let revive = try statement(
            """
            UPDATE messages SET state = 0, attempts = 0, available_at = ?, finished_at = NULL,
                order_key = CASE WHEN ? THEN key END
            WHERE id = ? AND queue = ? AND state = 3
            """
        )
        try revive.bind(moment).bind(queue.isOrdered ? 1 : 0).bind(id).bind(queue.id).run()
        guard changes > 0 else { return false }
        guard queue.isOrdered else { return true }
        // Those before it block it, and it blocks those behind it.
        try statement("UPDATE messages SET state = \(Self.stateOfFree) WHERE id = ?").bind(id).run()
        let block = try statement(
            """
            UPDATE messages SET state = 5 WHERE queue = ?1 AND state IN (0, 1) AND id > ?2
            AND order_key = (SELECT order_key FROM messages WHERE id = ?2)
            """
        )
        try block.bind(queue.id).bind(id).run()
        return true
    }
}
