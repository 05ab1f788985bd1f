import CSQLite
import Glibc
import TidemillBroker

extension BrokerError {
    /// What SQLite could not do with a queue's file: where, what, and the way out.
    init(_ error: SQLiteError, path: String, busyTimeout: Duration) {
        let system = error.systemError == 0 ? "" : ": \(String(cString: strerror(error.systemError)))"
        switch error.primary {
        case SQLITE_FULL:
            self.init(.unreachable, "\(path): the disk is full, and nothing was written; make room on it")
        case SQLITE_IOERR where error.systemError == ENOSPC || error.systemError == EDQUOT:
            self.init(.unreachable, "\(path): nothing was written\(system); make room on the disk")
        case SQLITE_IOERR:
            self.init(.unreachable, "\(path): reading or writing failed\(system); \(error)")
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL:
            let message = "another process has kept it locked for \(busyTimeout); see who has it open (fuser)"
            self.init(.unreachable, "\(path): \(message)")
        case SQLITE_READONLY:
            self.init(.refused, "\(path): may only be read; the file and its folder must be writable")
        case SQLITE_PERM, SQLITE_AUTH:
            self.init(.refused, "\(path): may not be used\(system)")
        case SQLITE_CANTOPEN where error.systemError == EACCES || error.systemError == EROFS:
            self.init(.refused, "\(path): can't be opened\(system); the file and its folder must be writable")
        case SQLITE_CANTOPEN where error.systemError == EMFILE || error.systemError == ENFILE:
            self.init(.unreachable, "\(path): can't be opened\(system)")
        case SQLITE_CANTOPEN:
            self.init(.misconfigured, "\(path): can't be opened\(system)")
        case SQLITE_NOTADB:
            self.init(.misconfigured, "\(path): is no SQLite file; name another file")
        case SQLITE_CORRUPT:
            let way = "stop all that use it, and save what can be read: sqlite3 OLD .recover | sqlite3 NEW"
            self.init(.misconfigured, "\(path): is damaged (\(error)); \(way)")
        case SQLITE_TOOBIG:
            self.init(.misconfigured, "\(path): a message is bigger than SQLite can take (1 GB)")
        default:
            self.init(.unreachable, "\(path): \(error)")
        }
    }
}
