import Synchronization

/// Whether any job of a pipeline has a context that may stop it, and who can stop jobs.
///
/// Where none has, workers look at no context at all.
package final class ContextRegistry: Sendable {
    private let used = Atomic<Bool>(false)
    private let stoppers = Mutex<[@Sendable (Ticket, StopReason) -> Void]>([])

    package init() {}

    /// Whether a job may have a deadline or be stopped; true before the first such job is sent.
    package var isUsed: Bool { used.load(ordering: .relaxed) }

    /// Some job has a deadline or may be stopped.
    func note() {
        // The channels order it before the job itself.
        if !used.load(ordering: .relaxed) { used.store(true, ordering: .relaxed) }
    }

    /// Has this called whenever a message is stopped, on any thread.
    func add(_ stopper: @escaping @Sendable (Ticket, StopReason) -> Void) {
        stoppers.withLock { $0.append(stopper) }
    }

    /// Nobody is called any more.
    func end() { stoppers.withLock { $0 = [] } }

    /// A message was stopped: whoever works on one of its jobs is to stop.
    func stopped(_ ticket: Ticket, _ reason: StopReason) {
        for stopper in stoppers.withLock({ $0 }) { stopper(ticket, reason) }
    }
}
