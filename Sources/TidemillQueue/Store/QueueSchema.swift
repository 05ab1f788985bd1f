import TidemillBroker

/// The tables of a queue file, and which version of them a file has.
///
/// One row is one message, and the state is a column of it. Each index is partial, so that a message is only in those
/// that its state needs, and what is asked for stands at an index's beginning, however many messages there are:
///
/// | index | finds |
/// |---|---|
/// | `ready` | the next messages, by priority and then age |
/// | `delayed` | those whose time has come |
/// | `leased` | those whose lease has expired |
/// | `ordered` | the oldest unfinished message of a key, in a queue that keeps the order of keys |
/// | `unique_keys` | an unfinished message with the same unique key |
/// | `finished` | dead and done ones by age |
///
/// Times are milliseconds since 1970. The body is the last column, so that the others are read without it. SQLite's own
/// sizes of pages, cache and log stay as they are: others, and memory mapping, were measured, and were no faster.
enum QueueSchema {
    static let version: Int64 = 1

    static let text = """
        CREATE TABLE counters (last_id INTEGER NOT NULL);
        INSERT INTO counters VALUES (0);
        CREATE TABLE queues (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, ordered INTEGER NOT NULL DEFAULT 0
        );
        CREATE TABLE messages (
            id INTEGER PRIMARY KEY,
            queue INTEGER NOT NULL REFERENCES queues (id),
            state INTEGER NOT NULL,
            priority INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            available_at INTEGER NOT NULL,
            finished_at INTEGER,
            lease_until INTEGER,
            lease_token INTEGER,
            lease_holder TEXT,
            order_key TEXT,
            unique_key TEXT,
            key TEXT,
            headers TEXT,
            metadata TEXT,
            last_error TEXT,
            body TEXT NOT NULL
        );
        CREATE INDEX ready ON messages (queue, priority DESC, id) WHERE state = 0;
        CREATE INDEX delayed ON messages (queue, available_at) WHERE state = 1;
        CREATE INDEX leased ON messages (queue, lease_until) WHERE state = 2;
        CREATE INDEX ordered ON messages (queue, order_key, id) WHERE order_key IS NOT NULL;
        CREATE UNIQUE INDEX unique_keys ON messages (queue, unique_key) WHERE unique_key IS NOT NULL;
        CREATE INDEX finished ON messages (queue, state, finished_at) WHERE finished_at IS NOT NULL;
        PRAGMA user_version = \(version);
        """

    /// Makes the tables where there are none, and write-ahead logging the way of the file.
    static func prepare(_ connection: Connection, path: String) throws {
        switch try connection.pragma("user_version") {
        case version: break
        case 0: try create(connection, path: path)
        case let other: throw unknownVersion(other, path)
        }
    }

    private static func create(_ connection: Connection, path: String) throws {
        try connection.useWriteAheadLog()
        try connection.transaction(.powerLoss) {
            // Another process may have made them meanwhile.
            switch try connection.pragma("user_version") {
            case 0: break
            case version: return
            case let other: throw unknownVersion(other, path)
            }
            guard try connection.isEmpty else {
                throw BrokerError(.misconfigured, "\(path): is a SQLite file of something else; name another file")
            }
            try connection.execute(text)
        }
    }

    private static func unknownVersion(_ version: Int64, _ path: String) -> BrokerError {
        BrokerError(
            .misconfigured,
            "\(path): is a queue file of version \(version), and this program knows version \(Self.version) only; use "
                + "the newer program that made it, or name another file"
        )
    }
}
