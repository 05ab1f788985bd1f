import CSQLite

/// A connection to a SQLite file, with the statements that it has prepared.
///
/// SQLite is used by its C API, and not by way of GRDB: all that a queue does is a dozen prepared statements, which a
/// layer of this size covers, and building GRDB takes minutes. It is not `Sendable`: it stays under a lock.
final class Connection {
    /// How much of what was committed is on the disk.
    enum Durability: Int, Comparable {
        /// A crash of the process loses nothing; one of the machine may lose the last commits, never the order.
        case processCrash = 1
        /// What is committed is on the disk.
        case powerLoss = 2

        static func < (left: Durability, right: Durability) -> Bool { left.rawValue < right.rawValue }
    }

    private let database: OpaquePointer
    private let busyWait: BusyWait
    private var statements: [String: Statement] = [:]
    private var durability: Durability?
    /// Whether the transaction has made a message available that was not: somebody may wait for it.
    var hasNews = false
    /// How many transactions it has committed.
    private(set) var commits = 0

    /// Opens a file, which is made if `creates` says so.
    init(_ path: String, creates: Bool, busyTimeout: Duration) throws {
        var database: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (creates ? SQLITE_OPEN_CREATE : 0)
        let code = sqlite3_open_v2(path, &database, flags, nil)
        guard code == SQLITE_OK, let database else {
            let error = SQLiteError(database, code)
            sqlite3_close_v2(database)
            throw error
        }
        self.database = database
        busyWait = BusyWait(busyTimeout)
        busyWait.install(on: database)
        sqlite3_extended_result_codes(database, 1)
    }

    deinit {
        for statement in statements.values { statement.finalize() }
        sqlite3_close_v2(database)
    }

    /// The statement with this text, ready for its parameters.
    func statement(_ text: String) throws -> Statement {
        if let statement = statements[text] { return statement }
        let statement = try Statement(database, text)
        statements[text] = statement
        return statement
    }

    /// Runs statements that have neither parameters nor rows.
    func execute(_ text: String) throws {
        let code = sqlite3_exec(database, text, nil, nil, nil)
        guard code == SQLITE_OK else { throw SQLiteError(database, code) }
    }

    /// The number that a pragma gives.
    func pragma(_ name: String) throws -> Int64 {
        let statement = try Statement(database, "PRAGMA \(name)")
        defer { statement.finalize() }
        return try statement.first { $0.integer() } ?? 0
    }

    /// Whether the file has no tables.
    var isEmpty: Bool {
        get throws { try statement("SELECT count(*) FROM sqlite_schema").first { $0.integer() } == 0 }
    }

    /// Makes write-ahead logging the way of the file, for good.
    func useWriteAheadLog() throws {
        // Where several processes do that at once, SQLite says that it is locked, without waiting.
        var round: Int32 = 0
        while true {
            do {
                return try execute("PRAGMA journal_mode = WAL")
            } catch let error as SQLiteError where error.isBusy && busyWait.pause(round: round) {
                round += 1
            }
        }
    }

    /// How many rows the last statement changed.
    var changes: Int { Int(sqlite3_changes64(database)) }

    /// Whether the file was removed or replaced, so that what is written here is lost.
    var hasMoved: Bool {
        var moved: Int32 = 0
        let code = sqlite3_file_control(database, "main", SQLITE_FCNTL_HAS_MOVED, &moved)
        return code == SQLITE_OK && moved != 0
    }

    /// Runs `body` as one transaction, which has the right to write from its beginning.
    func transaction<Result>(_ durability: Durability, _ body: () throws -> Result) throws -> Result {
        if self.durability != durability {
            try execute("PRAGMA synchronous = \(durability.rawValue)")
            self.durability = durability
        }
        try statement("BEGIN IMMEDIATE").run()
        do {
            let result = try body()
            try statement("COMMIT").run()
            commits += 1
            return result
        } catch {
            // SQLite has rolled back by itself after some errors, which makes this one fail, harmlessly.
            if sqlite3_get_autocommit(database) == 0 { try? statement("ROLLBACK").run() }
            throw error
        }
    }
}
