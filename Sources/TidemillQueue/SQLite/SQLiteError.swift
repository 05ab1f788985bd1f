import CSQLite

/// What SQLite says went wrong.
struct SQLiteError: Error, Hashable, CustomStringConvertible {
    /// The extended result code.
    let code: Int32
    /// The system's number for it, or 0.
    let systemError: Int32
    /// SQLite's words.
    let message: String

    init(_ code: Int32, systemError: Int32 = 0, message: String) {
        self.code = code
        self.systemError = systemError
        self.message = message
    }

    /// What the connection says about the call that just failed.
    init(_ database: OpaquePointer?, _ code: Int32) {
        let extended = database.map { sqlite3_extended_errcode($0) } ?? code
        let isOfThisCall = extended & 0xFF == code & 0xFF
        self.init(
            isOfThisCall ? extended : code,
            systemError: database.map { sqlite3_system_errno($0) } ?? 0,
            message: String(cString: isOfThisCall && database != nil ? sqlite3_errmsg(database) : sqlite3_errstr(code))
        )
    }

    /// The code without what SQLite adds to it.
    var primary: Int32 { code & 0xFF }

    /// Whether somebody else has the lock.
    var isBusy: Bool { [SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL].contains(primary) }

    /// Whether the connection is as good as before, so that there is no need for another one.
    var sparesConnection: Bool { isBusy || [SQLITE_FULL, SQLITE_CONSTRAINT, SQLITE_TOOBIG].contains(primary) }

    var description: String { "\(message) (SQLite's code \(code))" }
}
