import Glibc

/// Wakes a thread that waits for input when its task is cancelled: the one thing that reaches into `poll`.
final class StopSignal: Sendable {
    private let receiver: Descriptor
    private let sender: Descriptor

    init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemError("pipe", "can't make one") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        receiver = Descriptor(ends[0])
        sender = Descriptor(ends[1])
    }

    /// Ends every wait, now and later; from any thread.
    func stop() {
        var byte: UInt8 = 1
        _ = write(sender.raw, &byte, 1)
    }

    /// Waits until `descriptor` has something to read, or its end.
    ///
    /// - Throws: `CancellationError` when it was stopped, even if there is something to read.
    func waitForInput(_ descriptor: Descriptor, path: String) throws {
        var waits = [
            pollfd(fd: receiver.raw, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0),
        ]
        guard retryingInterrupts({ Int(poll(&waits, nfds_t(waits.count), -1)) }) >= 0 else {
            throw SystemError(path, "can't wait for it")
        }
        if waits[0].revents != 0 { throw CancellationError() }
    }
}
