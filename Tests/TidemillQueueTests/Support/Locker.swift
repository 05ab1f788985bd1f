import Synchronization

@testable import TidemillQueue

/// Keeps a file locked, as a process does that hangs in the middle of a transaction.
final class Locker: Sendable {
    private let connection = Mutex<Connection?>(nil)

    func hold(_ path: String) throws {
        try connection.withLock { connection in
            let opened = try Connection(path, creates: false, busyTimeout: .seconds(10))
            try opened.execute("BEGIN IMMEDIATE")
            connection = opened
        }
    }

    func release() throws {
        try connection.withLock { connection in
            try connection?.execute("ROLLBACK")
            connection = nil
        }
    }
}
