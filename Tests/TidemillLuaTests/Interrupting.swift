import Synchronization

@testable import TidemillLua

#if canImport(Glibc)
    import Glibc
#endif

/// A thread that interrupts generation after generation until it is told to stop.
final class Watchdog: Sendable {
    let target = Atomic<UInt64>(0)
    let stopped = Atomic<Bool>(false)
    let interrupter: LuaInterrupter
    /// How long after it sees a new target, at most.
    let delay: UInt32
    /// Set once a script has come to where it may be interrupted; nil for anywhere.
    let arrived: Flag?

    init(_ interrupter: LuaInterrupter, delay: UInt32, once arrived: Flag? = nil) {
        self.interrupter = interrupter
        self.delay = delay
        self.arrived = arrived
    }

    func run() {
        var last: UInt64 = 0
        var random = SeededNumbers(seed: 5)
        while !stopped.load(ordering: .acquiring) {
            let now = target.load(ordering: .acquiring)
            if now == last {
                sched_yield()
                continue
            }
            if let arrived, !arrived.isSet {
                sched_yield()
                continue
            }
            last = now
            if delay > 0 { usleep(UInt32.random(in: 0...delay, using: &random)) }
            interrupter.interrupt(now)
        }
    }

    func start() -> pthread_t {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
            if let context { Unmanaged<Watchdog>.fromOpaque(context).takeRetainedValue().run() }
            return nil
        }
        pthread_create(&thread, nil, body, context)
        return thread
    }
}

/// Runs `body` on a thread of its own until the returned function is called, which waits for its end.
func onThread(_ body: @escaping @Sendable () -> Void) -> () -> Void {
    final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    var thread = pthread_t()
    let context = Unmanaged.passRetained(Body(body)).toOpaque()
    let start: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
        if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
        return nil
    }
    pthread_create(&thread, nil, start, context)
    return { pthread_join(thread, nil) }
}

/// Asks every value that it sees, and that is wanted, to stop, at some time of it; until the returned function is called.
///
/// Each is asked once, as a host does. Requests without end are signals without end, and keep the script's thread from
/// coming to its next value, for minutes on some machines.
func interruptEach(
    _ interrupter: LuaInterrupter,
    where isWanted: @escaping @Sendable (_ input: Int) -> Bool = { _ in true }
) -> () -> Void {
    let ended = Flag()
    let join = onThread {
        var last: (UInt64, Int) = (0, 0)
        var delay = 0
        while !ended.isSet {
            let (generation, input, _) = interrupter.position
            guard (generation, input) != last, isWanted(input) else { continue }
            last = (generation, input)
            delay = (delay + 1) % 10
            for _ in 0..<delay { _ = interrupter.position }
            interrupter.interrupt(generation, input: input)
        }
    }
    return {
        ended.set()
        join()
    }
}

extension LuaState {
    /// Handles a value and interrupts it after at most `delay` microseconds, which on a busy machine may be before it has
    /// begun, or `once` the script has come to where it is to be stopped.
    func interrupted(_ value: String = "1", delay: UInt32 = 2000, once arrived: Flag? = nil) throws -> LuaStep {
        guard let interrupter = interrupter else { throw LuaError("closed") }
        arrived?.reset()
        let watchdog = Watchdog(interrupter, delay: delay, once: arrived)
        let thread = watchdog.start()
        watchdog.target.store(generation + 1, ordering: .releasing)
        let step = try handle(value)
        watchdog.stopped.store(true, ordering: .releasing)
        pthread_join(thread, nil)
        return step
    }
}

/// The processor time of this thread: how busy the machine is makes no difference to it.
func threadTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

/// Set by one thread for another.
final class Flag: Sendable {
    private let value = Atomic<Bool>(false)

    var isSet: Bool { value.load(ordering: .acquiring) }

    func set() { value.store(true, ordering: .releasing) }

    func reset() { value.store(false, ordering: .releasing) }
}

/// A number that one thread writes and another reads.
final class Counter: Sendable {
    private let number = Atomic<UInt64>(0)

    var value: UInt64 {
        get { number.load(ordering: .acquiring) }
        set { number.store(newValue, ordering: .releasing) }
    }
}
