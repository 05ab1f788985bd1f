import Glibc

/// Why a wait for a socket ended.
enum Readiness {
    /// There is something to read, room to write, or an error to find.
    case ready
    /// Somebody set the signal.
    case woken
    /// Nothing came in time.
    case timedOut

    /// Waits for a socket, to read from it or also to write to it.
    static func wait(
        for descriptor: Int32,
        input: Bool = true,
        output: Bool = false,
        wake: WakeSignal? = nil,
        until deadline: ContinuousClock.Instant
    ) -> Readiness {
        let events = Int16((input ? POLLIN : 0) | (output ? POLLOUT : 0))
        var waited = [
            pollfd(fd: descriptor, events: events, revents: 0),
            pollfd(fd: wake?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            // Rounded up: a wait that ends too early would only be begun again.
            let milliseconds = left <= .zero ? 0 : Int32(clamping: Int(left / .milliseconds(1)) + 1)
            let count = poll(&waited, 2, milliseconds)
            if waited[0].revents != 0 { return .ready }
            if waited[1].revents != 0 { return .woken }
            if count == 0, milliseconds == 0 || ContinuousClock.now >= deadline { return .timedOut }
        }
    }
}
