import Tidemill

extension StoredMessage {
    /// The columns that the initializer reads, in their order.
    static let columns = """
        id, state, priority, attempts, created_at, available_at, finished_at, lease_until, lease_holder, unique_key,
        key, headers, metadata, last_error, body
        """

    /// A row; `state` where it is not what the row says, `attempts` for those that it doesn't know of yet.
    init(_ row: Statement, state: QueueState? = nil, attempts: Int = 0) {
        id = row.integer()
        let stored = QueueState(rawValue: row.int()) ?? .ready
        self.state = state ?? stored
        priority = row.int()
        self.attempts = row.int() + attempts
        createdAt = row.integer()
        availableAt = row.integer()
        finishedAt = row.optionalInteger()
        leaseUntil = row.optionalInteger()
        leaseHolder = row.optionalBytes().map { String($0) }
        uniqueKey = row.optionalBytes()
        key = row.optionalBytes()
        headers = row.optionalBytes()
        metadata = row.optionalBytes()
        lastError = row.optionalBytes().map { String($0) }
        body = row.bytes()
    }
}

extension StoredMessage {
    /// The same as one that can be leased.
    var asReady: StoredMessage {
        StoredMessage(
            id: id,
            state: .ready,
            priority: priority,
            attempts: attempts,
            createdAt: createdAt,
            availableAt: availableAt,
            finishedAt: finishedAt,
            leaseUntil: leaseUntil,
            leaseHolder: leaseHolder,
            uniqueKey: uniqueKey,
            key: key,
            headers: headers,
            metadata: metadata,
            lastError: lastError,
            body: body
        )
    }
}
