import CHiredis
import Glibc

/// What ends another thread's wait for a socket.
///
/// It stays set until the one that waits has seen it.
final class WakeSignal: Sendable {
    /// Becomes readable when it is set; -1 where the system has no descriptor left, so that waits just last longer.
    let descriptor = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))

    deinit { if descriptor >= 0 { close(descriptor) } }

    func set() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Whether it was set since the last call.
    func take() -> Bool {
        var count: UInt64 = 0
        return read(descriptor, &count, MemoryLayout<UInt64>.size) > 0
    }
}
