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
    }

    // `nonisolated(unsafe)`: the queue is touched under the POSIX mutex, which has the condition that
    // `Synchronization.Mutex` lacks; the pointers themselves never change.
    private nonisolated(unsafe) let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private nonisolated(unsafe) let condition: UnsafeMutablePointer<pthread_cond_t>
    private nonisolated(unsafe) let state: UnsafeMutablePointer<State>
    private let threads = Mutex<[pthread_t]>([])

    /// Starts `count` threads with that name; ``stop()`` ends them.
    package init(name: String, count: Int) {
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        state = .allocate(capacity: 1)
        state.initialize(to: State())
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
        let started = (0..<max(count, 1)).compactMap { _ in start(name: name) }
        precondition(!started.isEmpty, "the system refuses every thread")
        threads.withLock { $0 = started }
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        state.deinitialize(count: 1)
        state.deallocate()
        condition.deallocate()
        mutex.deallocate()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pthread_mutex_lock(mutex)
        state.pointee.jobs.append(job)
        pthread_mutex_unlock(mutex)
        pthread_cond_signal(condition)
    }

    /// Ends the threads once they have run what is queued, and waits for them.
    ///
    /// No task may prefer the pool afterwards. Not to be called from a thread of the pool.
    package func stop() {
        pthread_mutex_lock(mutex)
        state.pointee.stopped = true
        pthread_mutex_unlock(mutex)
        pthread_cond_broadcast(condition)
        let ended = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in ended { pthread_join(thread, nil) }
    }

    private func next() -> UnownedJob? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while state.pointee.first == state.pointee.jobs.count {
            if state.pointee.stopped { return nil }
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

    private func work() {
        while let job = next() { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    private func start(name: String) -> pthread_t? {
        var thread = pthread_t()
        // The system's limit for a thread's name is 15 bytes and a NUL.
        let box = Unmanaged.passRetained(ThreadStart(pool: self, name: String(name.prefix(15))))
        let failed = pthread_create(&thread, nil, runThread, box.toOpaque()) != 0
        if failed { box.release() }
        return failed ? nil : thread
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
