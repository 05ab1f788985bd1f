import Tidemill
public import TidemillBroker

extension QueueStore {
    /// Ends leases, in one transaction.
    ///
    /// A lease that somebody else has by now is left alone. One that has expired, but that nobody else has taken, still
    /// counts.
    ///
    /// - Parameters:
    ///   - endings: the leases and what becomes of their messages.
    ///   - queue: the queue's name.
    ///   - keepsDone: whether messages that are done stay in the file, until ``trim(_:_:)`` removes them.
    /// - Returns: the places in `endings` of those that were lost.
    @discardableResult
    public func settle(_ endings: [LeaseEnding<QueueLease>], in queue: String, keepsDone: Bool = false) throws -> [Int]
    {
        if endings.isEmpty { return [] }
        return try write(.processCrash) { [self] connection in
            guard let queue = try connection.existingQueue(queue) else { return Array(endings.indices) }
            let moment = now
            return try endings.indices.filter { index in
                let ending = endings[index]
                return try !connection.end(ending.lease, ending.verdict, queue, at: moment, keepsDone: keepsDone)
            }
        }
    }
}

extension Connection {
    /// Ends one lease; false where it is lost.
    fileprivate func end(
        _ lease: QueueLease,
        _ verdict: LeaseEnding<QueueLease>.Verdict,
        _ queue: QueueRow,
        at moment: Int64,
        keepsDone: Bool
    ) throws -> Bool {
        switch verdict {
        case .done: try finish(lease, queue, at: moment, as: keepsDone ? .done : nil)
        case .giveUp(let reason): try finish(lease, queue, at: moment, as: .dead, reason)
        case .again(let delay, let reason): try free(lease, at: moment.adding(delay), moment, reason, attempts: 0)
        case .release: try free(lease, at: moment, moment, nil, attempts: -1)
        }
    }

    /// Removes a message, or keeps it as what it is now; whoever waited for it can go on.
    private func finish(
        _ lease: QueueLease,
        _ queue: QueueRow,
        at moment: Int64,
        as state: QueueState?,
        _ reason: String? = nil
    ) throws -> Bool {
        let orderKey = queue.isOrdered ? try orderKey(of: lease) : nil
        if let state {
            let keep = try statement(
                """
                UPDATE messages SET state = ?, finished_at = ?, last_error = coalesce(?, last_error), lease_until = NULL,
                    lease_token = NULL, lease_holder = NULL, order_key = NULL, unique_key = NULL
                WHERE id = ? AND lease_token = ?
                """
            )
            keep.bind(state.rawValue).bind(moment).bind(reason.map { Bytes($0) })
            try keep.bind(lease.id).bind(lease.token).run()
        } else {
            let delete = try statement("DELETE FROM messages WHERE id = ? AND lease_token = ?")
            try delete.bind(lease.id).bind(lease.token).run()
        }
        let isHeld = changes > 0
        if isHeld, let orderKey { try unblock(orderKey, queue, at: moment) }
        return isHeld
    }

    private func orderKey(of lease: QueueLease) throws -> Bytes? {
        let select = try statement("SELECT order_key FROM messages WHERE id = ? AND lease_token = ?")
        return try select.bind(lease.id).bind(lease.token).first { $0.optionalBytes() } ?? nil
    }

    /// Frees the oldest unfinished message of a key.
    func unblock(_ orderKey: Bytes, _ queue: QueueRow, at moment: Int64) throws {
        let unblock = try statement(
            """
            UPDATE messages SET state = CASE WHEN available_at > ? THEN 1 ELSE 0 END
            WHERE state = 5 AND id = (
                SELECT id FROM messages WHERE queue = ? AND order_key = ? ORDER BY id LIMIT 1)
            """
        )
        try unblock.bind(moment).bind(queue.id).bind(orderKey).run()
        if changes > 0 { hasNews = true }
    }

    /// Puts a message back, for anybody, from `available` on.
    private func free(
        _ lease: QueueLease,
        at available: Int64,
        _ moment: Int64,
        _ reason: String?,
        attempts: Int
    ) throws -> Bool {
        let free = try statement(
            """
            UPDATE messages SET state = CASE \(Self.stateOfFree) WHEN 5 THEN 5 ELSE ? END,
                available_at = ?, attempts = max(attempts + ?, 0), last_error = coalesce(?, last_error),
                lease_until = NULL, lease_token = NULL, lease_holder = NULL
            WHERE id = ? AND lease_token = ?
            """
        )
        free.bind(available > moment ? QueueState.delayed.rawValue : QueueState.ready.rawValue).bind(available)
        free.bind(attempts).bind(reason.map { Bytes($0) })
        try free.bind(lease.id).bind(lease.token).run()
        if changes > 0 { hasNews = true }
        return changes > 0
    }
}
