import Foundation
import Synchronization
import TestSupport
import Tidemill
import TidemillBroker
import TidemillTesting

@testable import TidemillQueue

/// A queue file of a test's own, with a clock that the test moves.
final class QueueFile: Sendable {
    let folder: Folder
    let clock = WallClock()
    let store: QueueStore

    init() throws {
        folder = try Folder()
        store = QueueStore(folder.file("queue.db").path, busyTimeout: .milliseconds(200), clock: clock)
    }

    var path: String { store.path }

    /// Another process's store, as far as SQLite can tell.
    func other() -> QueueStore { QueueStore(path, busyTimeout: .seconds(10), clock: clock) }

    @discardableResult
    func push(_ texts: String..., key: String? = nil, priority: Int = 0, delay: Duration = .zero) throws -> [Int64] {
        let messages = texts.map { text in
            NewMessage(Bytes(text), key: key.map { Bytes($0) }, priority: priority, delay: delay)
        }
        return try store.enqueue(messages, to: "q").map(\.id)
    }

    func lease(_ count: Int = 10, for duration: Duration = .seconds(60)) throws -> [LeasedMessage] {
        try store.lease(count, from: "q", for: duration)
    }

    func settle(_ leased: [LeasedMessage], _ verdict: LeaseEnding<QueueLease>.Verdict = .done) throws -> [Int] {
        try store.settle(leased.map { LeaseEnding($0.lease, verdict) }, in: "q")
    }

    func count(_ state: QueueState) throws -> Int { try store.statistics(of: "q")[state] }
}

extension [LeasedMessage] {
    var texts: [String] { map { String($0.message.body) } }
}

/// A time of day that a test sets as it likes, also backwards.
final class WallClock: PipelineClock {
    private let time = Mutex<Duration>(.zero)

    var now: Duration { time.withLock { $0 } }
    var date: Date { Date(timeIntervalSince1970: 1_750_000_000 + now / .seconds(1)) }
    func sleep(for duration: Duration) async throws { advance(by: duration) }
    func advance(by duration: Duration) { time.withLock { $0 += duration } }
}
