import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// What a node's own threads have computed, those that have ended included, and how long they waited for a core.
final class ThreadClocks: Sendable {
    /// What threads did so far.
    struct Times: Sendable, Equatable {
        /// The processor time that they have used.
        var computed = Duration.zero
        /// How long they could have run and had no core, as far as the system says.
        var waited = Duration.zero

        static func += (left: inout Times, right: Times) {
            left.computed += right.computed
            left.waited += right.waited
        }
    }

    private struct State {
        var running: [ThreadClock] = []
        var ended = Times()
        var isUsed = false
    }

    private let state = Mutex(State())

    /// The calling thread counts from now on, with all that it has used so far.
    func enter() {
        guard let clock = ThreadClock() else { return }
        state.withLock { state in
            state.running.append(clock)
            state.isUsed = true
        }
    }

    /// The calling thread ends.
    func leave() {
        state.withLock { state in
            let me = pthread_self()
            guard let index = state.running.firstIndex(where: { pthread_equal($0.thread, me) != 0 }) else { return }
            let clock = state.running.remove(at: index)
            state.ended += clock.times
            clock.end()
        }
    }

    /// What they did together; nil where there never were any.
    var total: Times? {
        state.withLock { state in
            // A thread leaves under the lock, so the clocks are those of threads that exist.
            state.isUsed ? state.running.reduce(into: state.ended) { $0 += $1.times } : nil
        }
    }
}

/// The clocks of one thread.
private struct ThreadClock {
    let thread = pthread_self()
    private var clock = clockid_t()
    /// The kernel's file of how long the thread ran and waited to run; negative where there is none.
    private let schedule: Int32

    /// Those of the calling thread.
    init?() {
        guard pthread_getcpuclockid(thread, &clock) == 0 else { return nil }
        schedule = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)
    }

    func end() {
        if schedule >= 0 { close(schedule) }
    }

    var times: ThreadClocks.Times {
        ThreadClocks.Times(computed: processorTime(clock) ?? .zero, waited: waited)
    }

    /// The second of the three numbers in the file, in nanoseconds.
    private var waited: Duration {
        guard schedule >= 0 else { return .zero }
        var text = [UInt8](repeating: 0, count: 128)
        let count = pread(schedule, &text, text.count, 0)
        let numbers = text.prefix(max(count, 0)).split(separator: UInt8(ascii: " "))
        guard numbers.count > 1 else { return .zero }
        return .nanoseconds(Int(String(decoding: numbers[1], as: UTF8.self)) ?? 0)
    }
}

/// The processor time that this process has used.
func processTime() -> Duration? { processorTime(CLOCK_PROCESS_CPUTIME_ID) }

private func processorTime(_ clock: clockid_t) -> Duration? {
    var time = timespec()
    guard clock_gettime(clock, &time) == 0 else { return nil }
    return .seconds(Int(time.tv_sec)) + .nanoseconds(Int(time.tv_nsec))
}
