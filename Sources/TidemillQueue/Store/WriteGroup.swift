import Synchronization

/// A transaction that several threads share: whoever waits for the file meanwhile is in the next one.
///
/// The disk is slow beside everything else, so that the more there is to write, the less often it is waited for.
struct WriteGroup: Sendable {
    private let writes: [any PendingWrite]

    init(_ writes: [any PendingWrite]) { self.writes = writes }

    var durability: Connection.Durability { writes.map(\.durability).max() ?? .processCrash }

    var isShared: Bool { writes.count > 1 }

    var alone: [WriteGroup] { writes.map { WriteGroup([$0]) } }

    /// Runs all, in the order in which they came.
    func run(_ connection: Connection) throws {
        connection.hasNews = false
        try connection.transaction(durability) {
            for write in writes { try write.run(connection) }
        }
    }

    func end(_ error: (any Error)?) {
        for write in writes { write.end(error) }
    }
}

/// What a thread wants to do in a transaction that may have to do for others, too.
protocol PendingWrite: Sendable {
    var durability: Connection.Durability { get }
    /// May be called again, after a transaction that failed.
    func run(_ connection: Connection) throws
    /// Says that it is committed, or why not.
    func end(_ error: (any Error)?)
}

/// One such write and its result.
final class Write<Outcome: Sendable>: PendingWrite {
    private enum Progress {
        case waiting
        case ran(Outcome)
        case ended(Result<Outcome, any Error>)
    }

    let durability: Connection.Durability
    private let work: @Sendable (Connection) throws -> Outcome
    private let progress = Mutex(Progress.waiting)

    init(_ durability: Connection.Durability, _ work: @escaping @Sendable (Connection) throws -> Outcome) {
        self.durability = durability
        self.work = work
    }

    /// What came of it; nil while it is not committed.
    var result: Result<Outcome, any Error>? {
        progress.withLock { if case .ended(let result) = $0 { result } else { nil } }
    }

    func run(_ connection: Connection) throws {
        let outcome = try work(connection)
        progress.withLock { $0 = .ran(outcome) }
    }

    func end(_ error: (any Error)?) {
        progress.withLock { progress in
            if let error {
                progress = .ended(.failure(error))
            } else if case .ran(let outcome) = progress {
                progress = .ended(.success(outcome))
            }
        }
    }
}
