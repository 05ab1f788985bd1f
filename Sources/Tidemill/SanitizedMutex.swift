#if TIDEMILL_SANITIZE_THREADS
    import Synchronization

    /// The library's mutex, which the thread sanitizer doesn't see through: its slow path is in a library that isn't
    /// instrumented, so that correct programs look like races.
    ///
    /// The atomic here shows it the order.
    ///
    /// It takes the place of `Synchronization.Mutex` in this module, only where the sanitizer runs.
    struct Mutex<Value: ~Copyable>: ~Copyable, Sendable {
        private let mutex: Synchronization.Mutex<Value>
        private let order = Atomic<Int>(0)

        init(_ value: consuming sending Value) { mutex = Synchronization.Mutex(value) }

        func withLock<Result: ~Copyable, Failure: Error>(
            _ body: (inout sending Value) throws(Failure) -> sending Result
        ) throws(Failure) -> sending Result {
            try mutex.withLock { (value: inout sending Value) throws(Failure) -> sending Result in
                _ = order.load(ordering: .acquiring)
                defer { order.store(1, ordering: .releasing) }
                return try body(&value)
            }
        }

        @discardableResult
        func withLockIfAvailable<Result: ~Copyable, Failure: Error>(
            _ body: (inout sending Value) throws(Failure) -> sending Result
        ) throws(Failure) -> sending Result? {
            try mutex.withLockIfAvailable { (value: inout sending Value) throws(Failure) -> sending Result in
                _ = order.load(ordering: .acquiring)
                defer { order.store(1, ordering: .releasing) }
                return try body(&value)
            }
        }
    }
#endif
