import Tidemill

/// A message on lease.
public struct LeasedMessage: Sendable {
    /// What to settle it by.
    public let lease: QueueLease
    /// The message, as the file has it.
    public let message: StoredMessage
}

/// When a queue has something to lease.
public enum NextMessage: Hashable, Sendable {
    /// Now.
    case now
    /// After this long, by the clock as it goes now, unless something comes or is given back earlier.
    case after(Duration)
    /// Nobody knows.
    case unknown
}

extension QueueStore {
    /// How many messages whose time has come, or whose lease has expired, one lease looks at beyond those that it takes,
    /// so that no transaction is long.
    private static let portion = 1_000

    /// Leases up to `count` messages: those of the highest priority, the oldest of them first.
    ///
    /// - Parameters:
    ///   - count: how many at most.
    ///   - queue: the queue's name.
    ///   - duration: how long they are this consumer's; expired leases are given to others, and count as an attempt.
    ///   - holder: who has them, for people who look at the file.
    public func lease(
        _ count: Int,
        from queue: String,
        for duration: Duration,
        holder: String = QueueStore.thisProcess
    ) throws -> [LeasedMessage] {
        guard count > 0, try next(in: queue) == .now else { return [] }
        return try write(.processCrash) { [self] connection in
            guard let queue = try connection.existingQueue(queue) else { return [] }
            let moment = now
            try connection.promoteDelayed(of: queue, at: moment, atMost: max(count, Self.portion))
            try connection.releaseExpired(of: queue, at: moment, atMost: max(count, Self.portion))
            return try connection.lease(count, of: queue, until: moment.adding(duration), holder: holder)
        }
    }

    /// When there is something to lease; looks, and locks nobody out.
    public func next(in queue: String) throws -> NextMessage {
        try read { [self] connection in
            guard let queue = try connection.existingQueue(queue) else { return .unknown }
            let ready = try connection.statement("SELECT 1 FROM messages WHERE queue = ? AND state = 0 LIMIT 1")
            if try ready.bind(queue.id).first({ _ in true }) ?? false { return .now }
            let due = try [
                connection.statement("SELECT min(available_at) FROM messages WHERE queue = ? AND state = 1"),
                connection.statement("SELECT min(lease_until) FROM messages WHERE queue = ? AND state = 2"),
            ].compactMap { try $0.bind(queue.id).first { $0.optionalInteger() } ?? nil }.min()
            guard let due else { return .unknown }
            let moment = now
            return due <= moment ? .now : .after(.milliseconds(due.subtractingReportingOverflow(moment).partialValue))
        }
    }

    /// Makes leases last `duration` from now on, where they are still held.
    ///
    /// - Returns: the places in `leases` of those that are not.
    public func extend(_ leases: [QueueLease], by duration: Duration) throws -> [Int] {
        if leases.isEmpty { return [] }
        return try write(.processCrash) { [self] connection in
            let until = now.adding(duration)
            return try leases.indices.filter { index in
                let extend = try connection.statement(
                    "UPDATE messages SET lease_until = ? WHERE id = ? AND lease_token = ? AND state = 2"
                )
                try extend.bind(until).bind(leases[index].id).bind(leases[index].token).run()
                return connection.changes == 0
            }
        }
    }
}

extension Connection {
    /// Makes those ready whose time has come.
    func promoteDelayed(of queue: QueueRow, at moment: Int64, atMost count: Int) throws {
        let promote = try statement(
            """
            UPDATE messages SET state = 0 WHERE id IN (
                SELECT id FROM messages WHERE queue = ? AND state = 1 AND available_at <= ?
                ORDER BY available_at LIMIT ?)
            """
        )
        try promote.bind(queue.id).bind(moment).bind(count).run()
    }

    /// Makes those ready whose lease has expired.
    ///
    /// The token stays: as long as nobody else has leased the message, the late consumer can still end it.
    func releaseExpired(of queue: QueueRow, at moment: Int64, atMost count: Int) throws {
        let release = try statement(
            """
            UPDATE messages SET state = \(Self.stateOfFree), lease_until = NULL,
                lease_holder = NULL, last_error = 'the lease expired'
            WHERE id IN (
                SELECT id FROM messages WHERE queue = ? AND state = 2 AND lease_until <= ?
                ORDER BY lease_until LIMIT ?)
            """
        )
        try release.bind(queue.id).bind(moment).bind(count).run()
    }

    /// What a message is that nobody has any more and whose time has come: ready, if none before it has its key.
    static let stateOfFree = """
        CASE WHEN order_key IS NOT NULL AND EXISTS (SELECT 1 FROM messages AS earlier WHERE
            earlier.queue = messages.queue AND earlier.order_key = messages.order_key
            AND earlier.id < messages.id) THEN 5 ELSE 0 END
        """

    func lease(_ count: Int, of queue: QueueRow, until: Int64, holder: String) throws -> [LeasedMessage] {
        let token = Int64.random(in: 1 ... .max)
        let select = try statement(
            """
            SELECT \(StoredMessage.columns) FROM messages WHERE queue = ? AND state = 0
            ORDER BY priority DESC, id LIMIT ?
            """
        )
        var leased: [LeasedMessage] = []
        try select.bind(queue.id).bind(count).forEach { row in
            let message = StoredMessage(row, state: .leased, attempts: 1)
            leased.append(LeasedMessage(lease: QueueLease(id: message.id, token: token), message: message))
        }
        let update = try statement(
            """
            UPDATE messages SET state = 2, attempts = attempts + 1, lease_until = ?, lease_token = ?, lease_holder = ?
            WHERE id = ?
            """
        )
        for message in leased {
            try update.bind(until).bind(token).bind(holder).bind(message.lease.id).run()
        }
        return leased
    }
}
