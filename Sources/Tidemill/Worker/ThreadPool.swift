import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// A few threads that run the tasks which prefer them: a stage's workers, or a connector that blocks.
///
/// Scripts and blocking calls must not run on Swift's own pool, where two of them would stop every timer of the
/// process. Tasks that wait hold no thread, so a thousand workers that wait for something need no thousand threads.
package final class ThreadPool: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var first = 0
        var stopped = false
        var running = 0
        /// Threads that don't come back from what they run, and have been replaced.
        var lost = 0
        /// Threads that are to end, because some came back after all.
        var surplus = 0
    }

    // `nonisolated(unsafe)`: the queue is touched under the POSIX mutex, which has the condition that
    // `Synchronization.Mutex` lacks; the pointers themselves never change.
    private nonisolated(unsafe) let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private nonisolated(unsafe) let condition: UnsafeMutablePointer<pthread_cond_t>
    private nonisolated(unsafe) let state: UnsafeMutablePointer<State>
    private let name: String
    private let clocks: ThreadClocks
    /// How many threads there are to be.
    private let count: Atomic<Int>

    /// Starts `count` threads with that name; ``stop()`` ends them.
    package convenience init(name: String, count: Int) {
        self.init(name: name, count: count, clocks: ThreadClocks())
    }

    /// Starts `count` threads with that name, whose processor time `clocks` knows.
    init(name: String, count: Int, clocks: ThreadClocks) {
        self.clocks = clocks
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        state = .allocate(capacity: 1)
        state.initialize(to: State())
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
        self.name = name
        self.count = Atomic(max(count, 1))
        let started = (0..<max(count, 1)).count { _ in start() }
        precondition(started > 0, "the system refuses every thread")
    }

    /// Has at least so many threads from now on.
    package func grow(to count: Int) {
        let before = self.count.max(count, ordering: .relaxed).oldValue
        for _ in before..<max(before, count) { start() }
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        state.deinitialize(count: 1)
        state.deallocate()
        condition.deallocate()
        mutex.deallocate()
    }

    /// Whoever resumes a task of the pool's calls this and holds no reference to the pool: it may live for that task only.
    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // From the moment that the job can be taken, a thread may run the pool's last task and all be freed, while this
        // one has yet to signal.
        let kept = Unmanaged.passRetained(self)
        defer { kept.release() }
        pthread_mutex_lock(mutex)
        state.pointee.jobs.append(job)
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Starts another thread in place of one that does not come back from what it runs.
    package func replaceThread() {
        let started = start()
        pthread_mutex_lock(mutex)
        state.pointee.lost += 1
        if !started { state.pointee.surplus -= 1 }
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// What had been given up has come back: one thread is too many now.
    package func takeThreadBack() {
        pthread_mutex_lock(mutex)
        state.pointee.lost -= 1
        state.pointee.surplus += 1
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Ends the threads once they have run what is queued, and waits for them; not for those that don't come back.
    ///
    /// No task may prefer the pool afterwards. Not to be called from a thread of the pool.
    package func stop() {
        pthread_mutex_lock(mutex)
        state.pointee.stopped = true
        pthread_cond_broadcast(condition)
        while state.pointee.running > state.pointee.lost { pthread_cond_wait(condition, mutex) }
        pthread_mutex_unlock(mutex)
    }

    private func next() -> UnownedJob? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if state.pointee.surplus > 0 { return leave() }
        while state.pointee.first == state.pointee.jobs.count {
            if state.pointee.stopped || state.pointee.surplus > 0 { return leave() }
            pthread_cond_wait(condition, mutex)
        }
        let job = state.pointee.jobs[state.pointee.first]
        state.pointee.first += 1
        // What has run is cleared away in runs, so that taking one stays cheap however long the queue gets.
        if state.pointee.first == state.pointee.jobs.count || state.pointee.first == 1024 {
            state.pointee.jobs.removeFirst(state.pointee.first)
            state.pointee.first = 0
        }
        return job
    }

    private func leave() -> UnownedJob? {
        state.pointee.running -= 1
        if state.pointee.surplus > 0 { state.pointee.surplus -= 1 }
        pthread_cond_broadcast(condition)
        return nil
    }

    private func work() {
        clocks.enter()
        defer { clocks.leave() }
        while let job = next() { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    /// Starts a thread that nobody joins; false where the system refuses it.
    @discardableResult
    private func start() -> Bool {
        // The system's limit for a thread's name is 15 bytes and a NUL.
        let box = Unmanaged.passRetained(ThreadStart(pool: self, name: String(name.prefix(15))))
        pthread_mutex_lock(mutex)
        state.pointee.running += 1
        pthread_mutex_unlock(mutex)
        var thread = pthread_t()
        guard pthread_create(&thread, nil, runThread, box.toOpaque()) != 0 else {
            pthread_detach(thread)
            return true
        }
        box.release()
        pthread_mutex_lock(mutex)
        state.pointee.running -= 1
        pthread_mutex_unlock(mutex)
        return false
    }

    fileprivate final class ThreadStart {
        let pool: ThreadPool
        let name: String

        init(pool: ThreadPool, name: String) {
            self.pool = pool
            self.name = name
        }

        func run() {
            nameThread()
            pool.work()
        }

        /// `pthread_setname_np` is hidden from Swift here; the kernel's file does the same.
        private func nameThread() {
            let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
            guard file >= 0 else { return }
            _ = name.withCString { write(file, $0, strlen($0)) }
            close(file)
        }
    }
}

private nonisolated func runThread(_ start: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let start else { return nil }
    Unmanaged<ThreadPool.ThreadStart>.fromOpaque(start).takeRetainedValue().run()
    return nil
}
