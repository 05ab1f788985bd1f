import Glibc
import TidemillBroker

/// Waits for messages that are put into a queue's file, by this process or another.
///
/// Whoever has made a message available touches the `-wal` file after the commit, and inotify tells those who wait.
/// Watching that file for writes would not do: they come before the `fsync`, and what they write can be read only after
/// it. Asking SQLite again and again (`PRAGMA data_version`) would cost a wake-up for each look, and half the time
/// between two looks for each message.
///
/// Where the touch is missing, because a process was killed just then, a look each second finds the message.
struct Arrivals: ~Copyable {
    private static let longestWait: Duration = .seconds(1)
    /// Where inotify is not to be had.
    private static let pollInterval: Duration = .milliseconds(20)

    /// Who waits can be woken by another thread.
    let wakeUp: WakeUp
    private let log: String
    private let watcher: Int32

    init(_ path: String, _ wakeUp: WakeUp) {
        log = path + "-wal"
        watcher = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        self.wakeUp = wakeUp
    }

    deinit { if watcher >= 0 { close(watcher) } }

    /// Says that there are new messages in the file at `path`.
    static func announce(_ path: String) {
        utimensat(AT_FDCWD, path + "-wal", nil, 0)
    }

    /// Forgets what has happened, before somebody looks at the file: what happens from now on ends a wait.
    ///
    /// The file is another one after all processes have closed it, so it is named each time; that costs a microsecond.
    func arm() {
        guard watcher >= 0 else { return }
        inotify_add_watch(watcher, log, UInt32(IN_ATTRIB))
        withUnsafeTemporaryAllocation(byteCount: 4_096, alignment: 8) { buffer in
            while read(watcher, buffer.baseAddress, buffer.count) > 0 {}
        }
    }

    /// Waits until something happened since ``arm()``, or so long.
    func wait(atMost duration: Duration) {
        let bound = min(duration, watcher >= 0 ? Self.longestWait : Self.pollInterval)
        let milliseconds = Int32((bound / .milliseconds(1)).rounded(.up))
        var polled = [
            pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: watcher, events: Int16(POLLIN), revents: 0),
        ]
        poll(&polled, nfds_t(polled.count), max(milliseconds, 0))
    }
}

/// A bell that any thread may ring for one that waits; it rings on until somebody has heard it.
///
/// - Note: Where the system has no descriptors left, a ring is heard only when the wait is over.
final class WakeUp: Sendable {
    let descriptor: Int32
    private let ringing: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        if pipe(&ends) == 0 {
            for end in ends {
                _ = fcntl(end, F_SETFD, FD_CLOEXEC)
                _ = fcntl(end, F_SETFL, O_NONBLOCK)
            }
        }
        (descriptor, ringing) = (ends[0], ends[1])
    }

    deinit {
        for end in [descriptor, ringing] where end >= 0 { close(end) }
    }

    func ring() {
        var byte: UInt8 = 0
        write(ringing, &byte, 1)
    }

    /// Whether it has rung since the last time.
    func hasRung() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 64)
        var hasRung = false
        while read(descriptor, &bytes, bytes.count) > 0 { hasRung = true }
        return hasRung
    }
}
