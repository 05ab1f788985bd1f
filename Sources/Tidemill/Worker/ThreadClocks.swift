import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The processor time of a node's own threads, those that have ended included.
final class ThreadClocks: Sendable {
    private struct State {
        var running: [clockid_t] = []
        var ended = Duration.zero
        var isUsed = false
    }

    private let state = Mutex(State())

    /// The calling thread counts from now on, with all that it has used so far.
    func enter() {
        var clock = clockid_t()
        guard pthread_getcpuclockid(pthread_self(), &clock) == 0 else { return }
        state.withLock { state in
            state.running.append(clock)
            state.isUsed = true
        }
    }

    /// The calling thread ends.
    func leave() {
        var clock = clockid_t()
        guard pthread_getcpuclockid(pthread_self(), &clock) == 0 else { return }
        state.withLock { state in
            guard let index = state.running.firstIndex(of: clock) else { return }
            state.running.remove(at: index)
            state.ended += processorTime(clock) ?? .zero
        }
    }

    /// What they have used together; nil where there never were any.
    var total: Duration? {
        state.withLock { state in
            // A thread leaves under the lock, so the clocks are those of threads that exist.
            state.isUsed ? state.running.reduce(state.ended) { $0 + (processorTime($1) ?? .zero) } : nil
        }
    }
}

/// The processor time that this process has used.
func processTime() -> Duration? { processorTime(CLOCK_PROCESS_CPUTIME_ID) }

private func processorTime(_ clock: clockid_t) -> Duration? {
    var time = timespec()
    guard clock_gettime(clock, &time) == 0 else { return nil }
    return .seconds(Int(time.tv_sec)) + .nanoseconds(Int(time.tv_nsec))
}
