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

    init(_ interrupter: LuaInterrupter, delay: UInt32) {
        self.interrupter = interrupter
        self.delay = delay
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

extension LuaState {
    /// Handles a value and interrupts it after `delay` microseconds.
    func interrupted(_ value: String = "1", delay: UInt32 = 2000) throws -> LuaStep {
        guard let interrupter = interrupter else { throw LuaError("closed") }
        let watchdog = Watchdog(interrupter, delay: delay)
        let thread = watchdog.start()
        watchdog.target.store(generation + 1, ordering: .releasing)
        let step = try handle(value)
        watchdog.stopped.store(true, ordering: .releasing)
        pthread_join(thread, nil)
        return step
    }
}

/// Set once, by one thread for another.
final class Flag: Sendable {
    private let value = Atomic<Bool>(false)

    var isSet: Bool { value.load(ordering: .acquiring) }

    func set() { value.store(true, ordering: .releasing) }
}

/// A number that one thread writes and another reads.
final class Counter: Sendable {
    private let number = Atomic<UInt64>(0)

    var value: UInt64 {
        get { number.load(ordering: .acquiring) }
        set { number.store(newValue, ordering: .releasing) }
    }
}
