import CSQLite
import Tidemill

/// A prepared statement of a ``Connection``, which keeps it for the next time.
///
/// Parameters and columns are taken in their order. It is not `Sendable`: it stays under the lock of its connection.
final class Statement {
    private let database: OpaquePointer
    private let handle: OpaquePointer
    private var parameter: Int32 = 0
    private var column: Int32 = 0

    init(_ database: OpaquePointer, _ text: String) throws {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(database, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else { throw SQLiteError(database, code) }
        (self.database, self.handle) = (database, handle)
    }

    /// Frees it, which must be before its connection is closed.
    func finalize() { sqlite3_finalize(handle) }

    /// Gives it back, so that it holds neither a lock nor memory.
    func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
        parameter = 0
    }

    // MARK: Parameters

    @discardableResult
    func bind(_ number: Int64) -> Statement { bound { sqlite3_bind_int64(handle, $0, number) } }

    @discardableResult
    func bind(_ number: Int) -> Statement { bind(Int64(number)) }

    @discardableResult
    func bind(_ number: Int64?) -> Statement { number.map { bind($0) } ?? bindNull() }

    @discardableResult
    func bindNull() -> Statement { bound { sqlite3_bind_null(handle, $0) } }

    /// Text, or a blob where the bytes are none that every tool shows whole.
    @discardableResult
    func bind(_ bytes: Bytes?) -> Statement {
        guard let bytes else { return bindNull() }
        return bytes.withUnsafeBytes { bytes in
            let isText = String(validating: bytes, as: UTF8.self) != nil && !bytes.contains(0)
            // SQLite takes a null pointer for NULL, even if there are no bytes.
            guard let base = bytes.baseAddress else { return bound { tide_sqlite_bind_text(handle, $0, "", 0) } }
            let count = UInt64(bytes.count)
            return bound {
                isText ? tide_sqlite_bind_text(handle, $0, base, count) : tide_sqlite_bind_blob(handle, $0, base, count)
            }
        }
    }

    @discardableResult
    func bind(_ text: String) -> Statement { bind(Bytes(text)) }

    private func bound(_ body: (Int32) -> Int32) -> Statement {
        parameter += 1
        let code = body(parameter)
        // What remains unbound is NULL: only a lack of memory or a text beyond SQLite's limit leads here.
        if code != SQLITE_OK { failure = failure ?? SQLiteError(database, code) }
        return self
    }

    private var failure: SQLiteError?

    // MARK: Running

    /// Goes to the next row, if there is one.
    func step() throws -> Bool {
        if let failure {
            self.failure = nil
            reset()
            throw failure
        }
        column = 0
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE:
            reset()
            return false
        case let code:
            let error = SQLiteError(database, code)
            reset()
            throw error
        }
    }

    /// Runs it to its end.
    func run() throws { while try step() {} }

    /// Calls `body` for each row.
    func forEach(_ body: (Statement) throws -> Void) throws {
        defer { reset() }
        while try step() { try body(self) }
    }

    /// What `body` makes of the first row; nil where there is none.
    func first<Result>(_ body: (Statement) throws -> Result) throws -> Result? {
        defer { reset() }
        return try step() ? try body(self) : nil
    }

    // MARK: Columns

    func integer() -> Int64 { sqlite3_column_int64(handle, next()) }

    func int() -> Int { Int(integer()) }

    func optionalInteger() -> Int64? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? skipped() : integer()
    }

    func bytes() -> Bytes {
        let place = next()
        guard let start = sqlite3_column_blob(handle, place) else { return Bytes() }
        return Bytes(copying: UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, place))))
    }

    func optionalBytes() -> Bytes? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? skipped() : bytes()
    }

    func text() -> String { String(bytes()) }

    private func skipped<Result>() -> Result? {
        column += 1
        return nil
    }

    private func next() -> Int32 {
        defer { column += 1 }
        return column
    }
}
