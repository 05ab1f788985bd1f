import CSQLite
import Glibc

/// How long a connection waits for another process that writes.
///
/// SQLite's own timeout sleeps up to 100 ms between two looks, which is long beside transactions of a millisecond.
///
/// SQLite has a pointer to it as long as the connection is open.
final class BusyWait {
    private static let longestPause: UInt32 = 4_000

    private let timeout: Duration
    private var start = ContinuousClock.now

    init(_ timeout: Duration) { self.timeout = timeout }

    func install(on database: OpaquePointer) {
        sqlite3_busy_handler(database, waitForLock, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Sleeps a little; false when it has lasted too long.
    func pause(round: Int32) -> Bool {
        if round == 0 { start = .now }
        if start.duration(to: .now) >= timeout { return false }
        let most = min(100 << UInt32(min(max(round, 0), 10)), Self.longestPause)
        usleep(UInt32.random(in: most / 2...most))
        return true
    }
}

/// What SQLite calls: C can't call a method.
private func waitForLock(_ context: UnsafeMutableRawPointer?, _ round: Int32) -> Int32 {
    guard let context else { return 0 }
    return Unmanaged<BusyWait>.fromOpaque(context).takeUnretainedValue().pause(round: round) ? 1 : 0
}
