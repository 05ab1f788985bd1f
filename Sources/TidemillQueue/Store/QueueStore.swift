import CSQLite
import Glibc
import Synchronization
public import Tidemill
import TidemillBroker

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Queues of messages in one SQLite file, which any number of processes of one machine may use at once.
///
/// A message is put in, leased by one consumer for a while, and done when that consumer says so. Whoever does not say
/// so in time loses the lease, and the message is leased again: each one is worked on at least once.
///
/// What is put in is on the disk (`synchronous=FULL`) when the call returns. Leases and what becomes of them are
/// written with `synchronous=NORMAL`: a crash of the process loses none of it, but a loss of power may lose the last of
/// it. What is lost then is a prefix's tail, since the log is read up to the first commit that is not whole: messages
/// that were done come again, which at-least-once allows, and no message is lost, since a message that was put in took
/// all that was before it to the disk.
///
/// Times are those of the wall clock, which all processes share and which outlasts a restart. When it is set forward,
/// leases expire early and messages may be worked on twice; when it is set back, leases and delays last longer. No
/// message is lost by either.
///
/// Its calls block, for as long as the disk or another process makes them wait; all throw ``BrokerError``.
public final class QueueStore: Sendable {
    /// The file.
    public let path: String
    let clock: any PipelineClock
    private let busyTimeout: Duration
    private let pending = Mutex<[any PendingWrite]>([])
    /// Opened when it is needed, and anew after an error that it may not have outlived.
    private let connection = Mutex<Connection?>(nil)

    /// The queues of a file, which is made with its first message.
    ///
    /// `busyTimeout` is how long a call waits for another process that writes. Default: 10 s.
    public init(_ path: String, busyTimeout: Duration = .seconds(10), clock: any PipelineClock = SystemClock()) {
        self.path = path
        self.busyTimeout = busyTimeout
        self.clock = clock
    }

    /// Opens the file, and makes it where there is none, with the folders above it.
    public func open() throws {
        try connection.withLock { connection in
            try guarding(&connection) { _ in }
        }
    }

    /// Closes the file until the next call.
    public func close() {
        connection.withLock { $0 = nil }
    }

    /// The time now, in milliseconds since 1970.
    var now: Int64 { Int64((clock.date.timeIntervalSince1970 * 1_000).rounded(.down)) }

    /// How many calls wait for their turn to write.
    var pendingCount: Int { pending.withLock { $0.count } }

    // MARK: Transactions

    /// Does something in a transaction that it may share with other threads' calls.
    func write<Outcome: Sendable>(
        _ durability: Connection.Durability,
        _ work: @escaping @Sendable (Connection) throws -> Outcome
    ) throws -> Outcome {
        let write = Write(durability, work)
        pending.withLock { $0.append(write) }
        let hasNews = connection.withLock { connection in
            // Another thread has done it while this one waited for the lock.
            if write.result != nil { return false }
            let group = WriteGroup(pending.withLock { exchange(&$0, with: []) })
            return commit(group, &connection)
        }
        if hasNews { Arrivals.announce(path) }
        guard let result = write.result else {
            throw BrokerError(.unreachable, "\(path): the transaction came to no end")
        }
        return try result.get()
    }

    /// Looks something up.
    func read<Outcome: Sendable>(_ work: @Sendable (Connection) throws -> Outcome) throws -> Outcome {
        try connection.withLock { connection in
            try guarding(&connection) { try work($0) }
        }
    }

    private func commit(_ group: WriteGroup, _ connection: inout Connection?) -> Bool {
        do {
            let hasNews = try guarding(&connection) { connection in
                try group.run(connection)
                return connection.hasNews
            }
            group.end(nil)
            return hasNews
        } catch {
            // What is wrong with one write is not to be the others' trouble.
            guard group.isShared, (error as? BrokerError)?.kind != .unreachable else {
                group.end(error)
                return false
            }
            return group.alone.map { commit($0, &connection) }.contains(true)
        }
    }

    /// Calls `body` with the connection, which is given up after an error that it may not have outlived.
    private func guarding<Outcome: Sendable>(
        _ connection: inout Connection?,
        _ body: (Connection) throws -> Outcome
    ) throws -> Outcome {
        do {
            let opened = try connection ?? open(creates: true)
            connection = opened
            if opened.hasMoved { throw moved }
            return try body(opened)
        } catch let error as SQLiteError {
            if !error.sparesConnection { connection = nil }
            throw BrokerError(error, path: path, busyTimeout: busyTimeout)
        } catch {
            connection = nil
            throw error
        }
    }

    private func open(creates: Bool) throws -> Connection {
        try makeFolders(above: path)
        let connection = try Connection(path, creates: creates, busyTimeout: busyTimeout)
        try QueueSchema.prepare(connection, path: path)
        return connection
    }

    private var moved: BrokerError {
        BrokerError(.unreachable, "\(path): was removed or replaced while it was in use; it is opened anew")
    }
}

/// Makes the folders above a file.
private func makeFolders(above path: String) throws {
    guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
    let parent = String(path[..<slash])
    if access(parent, F_OK) == 0 { return }
    try makeFolders(above: parent)
    guard mkdir(parent, 0o777) == 0 || errno == EEXIST else {
        throw BrokerError(.misconfigured, "\(parent): can't make the folder: \(String(cString: strerror(errno)))")
    }
}
