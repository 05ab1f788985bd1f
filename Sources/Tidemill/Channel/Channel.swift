import Synchronization

/// A bounded channel with many senders and many receivers, which moves elements in runs.
///
/// A sender waits while it is full (or does what its ``Overflow`` says), a receiver takes what is there and waits only
/// when there is nothing. No element is ever lost: a send that is cancelled, or comes too late, leaves in its batch
/// what it did not send.
package final class Channel<Element: Sendable>: Sendable {
    private typealias Continuation = UnsafeContinuation<ChannelSignal, Never>
    private typealias State = ChannelState<Element, Continuation>

    private let state: Mutex<State>
    private let waiters = Atomic<UInt64>(0)
    private let timers: Timers?
    private let clock: (any PipelineClock)?
    private let asksForTime: Bool
    /// Whether elements of one key are kept apart.
    package let keepsKeysApart: Bool
    private let isShed: (@Sendable (borrowing Element) -> Bool)?
    private let hasHeldBack = Atomic<Bool>(false)
    /// When the next alarm goes off.
    private let wakesAt = Mutex<Duration?>(nil)
    package let limits: ChannelLimits

    /// A channel; one with rules about time needs timers and their clock.
    init(
        limits: ChannelLimits,
        rules: ChannelRules<Element> = ChannelRules(),
        timers: Timers? = nil,
        clock: (any PipelineClock)? = nil
    ) {
        self.limits = limits
        self.timers = timers
        self.clock = clock
        asksForTime = rules.admit != nil
        keepsKeysApart = rules.lanes != nil
        isShed = rules.isShed
        state = Mutex(State(limits: limits, rules: rules))
    }

    /// A channel without any rules.
    package convenience init(limits: ChannelLimits, cost: (@Sendable (borrowing Element) -> Int)? = nil) {
        self.init(limits: limits, rules: ChannelRules(cost: cost))
    }

    /// How many elements are queued now.
    package var count: Int { state.withLock { $0.count } }

    /// Whether elements might not be taken yet, since this was asked last, because their time had not come.
    func takeHeldBack() -> Bool { hasHeldBack.exchange(false, ordering: .relaxed) }

    /// How many tasks wait at it now.
    package var waiting: (senders: Int, receivers: Int) {
        state.withLock { ($0.waitingSenders, $0.waitingReceivers) }
    }

    /// How many receivers have waited at a time so far.
    var mostWaitingReceivers: Int { state.withLock { $0.mostWaitingReceivers } }

    /// What is in it and who waits at it now.
    func glimpse(first count: Int) -> ChannelGlimpse<Element> { state.withLock { $0.glimpse(first: count) } }

    /// Moves those elements of `batch` to `shed` that are too many, before it is sent.
    package func shed(_ batch: Batch<Element>, into shed: Batch<Element>) {
        guard let isShed else { return }
        for _ in 0..<batch.count {
            guard let element = batch.popFirst() else { return }
            if isShed(element) { shed.append(element) } else { batch.append(element) }
        }
    }

    /// Sends the elements of `batch`, waiting for room as the overflow policy says; those that did not go are still in
    /// it afterwards.
    ///
    /// Elements that were dropped to make room are added to `evicted`.
    ///
    /// With `shielded` the cancellation of the task does not end the wait; only the channel's does.
    package func send(
        _ batch: Batch<Element>,
        evicted: Batch<Element>,
        shielded: Bool = false
    ) async -> ChannelSignal {
        if let signal = trySend(batch, evicted: evicted) { return signal }
        return await wait(cancellable: !shielded) { state, waiter, wakeups in
            state.send(batch, evicted: evicted, waiter: waiter, wakeups: &wakeups)
        }
    }

    /// Adds up to `limit` elements to `batch`, waiting while there are none.
    package func receive(_ batch: Batch<Element>, limit: Int) async -> ChannelSignal {
        if let signal = tryReceive(batch, limit: limit) { return signal }
        return await wait(cancellable: true) { state, waiter, wakeups in
            state.receive(batch, limit: limit, waiter: waiter, wakeups: &wakeups)
        }
    }

    /// Sends without waiting; nil where the sender would have to wait.
    package func trySend(_ batch: Batch<Element>, evicted: Batch<Element>) -> ChannelSignal? {
        let signal = step { state, wakeups in
            state.send(batch, evicted: evicted, waiter: nil, wakeups: &wakeups)
        }
        return signal == .full && limits.overflow == .block ? nil : signal
    }

    /// Receives without waiting; nil where the receiver would have to wait.
    package func tryReceive(_ batch: Batch<Element>, limit: Int) -> ChannelSignal? {
        let signal = step { state, wakeups in
            state.receive(batch, limit: limit, waiter: nil, wakeups: &wakeups)
        }
        return signal == .empty ? nil : signal
    }

    /// No more will be sent; receivers get what is queued, then the end.
    package func finish() {
        step { state, wakeups in state.finish(wakeups: &wakeups) }
    }

    /// Ends the channel at once, wakes everybody, and gives back what was queued.
    package func cancel() -> Batch<Element> {
        let leftovers = Batch<Element>()
        step { state, wakeups in state.cancel(leftovers: leftovers, wakeups: &wakeups) }
        return leftovers
    }

    /// Receives, and waits no longer than until that time of the clock; ``ChannelSignal/empty`` says that nothing came.
    package func receive(_ batch: Batch<Element>, limit: Int, until time: Duration) async -> ChannelSignal {
        if let signal = tryReceive(batch, limit: limit) { return signal }
        guard let timers, let clock, clock.now < time else { return .empty }
        let id = waiters.add(1, ordering: .relaxed).newValue
        let alarm = ActionTimer { [weak self] in
            self?.step { state, wakeups in state.cancelWaiter(id, .empty, wakeups: &wakeups) }
        }
        defer { timers.clear(alarm) }
        return await wait(id, cancellable: true) { state, waiter, wakeups in
            state.receive(batch, limit: limit, waiter: waiter, wakeups: &wakeups)
        } whenWaiting: {
            timers.set(alarm, at: time)
        }
    }

    /// Sends so many receivers away with ``ChannelSignal/dismissed``: those that wait, and then those that come next.
    package func dismiss(_ count: Int) {
        step { state, wakeups in state.dismiss(count, wakeups: &wakeups) }
    }

    /// Takes back up to `count` dismissals that nobody has got yet, and says how many.
    package func recall(_ count: Int) -> Int { state.withLock { $0.recall(count) } }

    // MARK: What may be taken

    /// An element of a batch that was taken will come back, so that the channel does not end before.
    package func expect(_ element: Element, from batch: Batch<Element>) {
        state.withLock { $0.expect(element, from: batch) }
    }

    /// One that was expected comes back, with the position that it was taken with; it is taken before the others.
    ///
    /// What comes after the channel was cancelled is given back to the caller.
    package func giveBack(_ element: Element, position: UInt64) -> Batch<Element> {
        let leftovers = Batch<Element>(capacity: 1)
        step { state, wakeups in
            state.giveBack(element, position: position, leftovers: leftovers, wakeups: &wakeups)
        }
        return leftovers
    }

    /// One that was expected will not come back.
    package func forget(_ element: Element) {
        step { state, wakeups in state.forget(element, wakeups: &wakeups) }
    }

    /// Puts back what was taken and not begun; what comes after the channel was cancelled is given back to the caller.
    package func restore(_ elements: [(element: Element, position: UInt64)]) -> Batch<Element> {
        let leftovers = Batch<Element>(capacity: 1)
        step { state, wakeups in state.restore(elements, leftovers: leftovers, wakeups: &wakeups) }
        return leftovers
    }

    /// The element is as if it had not been taken; it was taken by its key, and holds these lanes.
    package func unread(_ element: Element, releasing lanes: [Int]) {
        step { state, wakeups in state.unread(element, releasing: lanes, wakeups: &wakeups) }
    }

    /// The receiver is done with what it took, and others may have what belongs to it.
    package func release(_ batch: Batch<Element>) {
        release(batch.lanes)
        if !batch.lanes.isEmpty { batch.lanes.removeAll(keepingCapacity: true) }
    }

    package func release(_ lanes: [Int]) {
        if lanes.isEmpty { return }
        step { state, wakeups in state.release(lanes, wakeups: &wakeups) }
    }

    /// Lets `count` more elements be taken: none shuts the gate, `.max` opens it for good.
    package func setGate(_ count: Int) {
        step { state, wakeups in state.setGate(count, wakeups: &wakeups) }
    }

    /// Lets only elements be taken that came back, or all again.
    package func setHold(_ holds: Bool) {
        step { state, wakeups in state.setHold(holds, wakeups: &wakeups) }
    }

    /// Lets elements before this position be taken.
    package func setHorizon(_ position: UInt64) {
        step { state, wakeups in state.setHorizon(position, wakeups: &wakeups) }
    }

    // MARK: Waiting

    private func wait(
        _ id: UInt64? = nil,
        cancellable: Bool,
        _ register: @Sendable (inout State, (id: UInt64, token: Continuation), inout State.Wakeups) -> ChannelSignal?,
        whenWaiting: @Sendable () -> Void = {}
    ) async -> ChannelSignal {
        let id = id ?? waiters.add(1, ordering: .relaxed).newValue
        #if TIDEMILL_SANITIZE_THREADS
            // The sanitizer doesn't see the order where a continuation is resumed before its task has gone to sleep.
            defer { state.withLock { _ in } }
        #endif
        if !cancellable {
            return await withUnsafeContinuation { enter($0, id: id, cancellable: false, register) }
        }
        return await withTaskCancellationHandler {
            await withUnsafeContinuation {
                enter($0, id: id, cancellable: true, register)
                whenWaiting()
            }
        } onCancel: {
            step { state, wakeups in state.cancelWaiter(id, wakeups: &wakeups) }
        }
    }

    /// Makes the step again, now with a waiter to leave behind.
    ///
    /// A task is marked as cancelled before its handlers run. So if the handler came before this and found no waiter,
    /// the mark is seen here, under the lock; if it comes after, it finds the waiter.
    private func enter(
        _ continuation: Continuation,
        id: UInt64,
        cancellable: Bool,
        _ register: @Sendable (inout State, (id: UInt64, token: Continuation), inout State.Wakeups) -> ChannelSignal?
    ) {
        let signal = step { state, wakeups -> ChannelSignal? in
            if cancellable && Task.isCancelled { return .cancelled }
            return register(&state, (id, continuation), &wakeups)
        }
        if let signal { continuation.resume(returning: signal) }
    }

    /// Makes one step under the lock and wakes whom it names after the lock is gone.
    @discardableResult
    private func step<Result: Sendable>(_ body: @Sendable (inout State, inout State.Wakeups) -> Result) -> Result {
        var wakeups = State.Wakeups()
        let (result, time) = state.withLock { state in
            (body(&state, &wakeups), asksForTime ? state.wakesAt : nil)
        }
        if let time {
            hasHeldBack.store(true, ordering: .relaxed)
            wake(at: time)
        }
        guard let first = wakeups.first else { return result }
        first.token.resume(returning: first.signal)
        for waiting in wakeups.others { waiting.token.resume(returning: waiting.signal) }
        return result
    }

    // MARK: Time

    /// Asks again at that time whether more may be taken.
    private func wake(at time: Duration) {
        guard let timers, let clock else { return }
        let isSooner = wakesAt.withLock { next in
            if let next, next <= time { return false }
            next = time
            return true
        }
        if !isSooner { return }
        let alarm = ActionTimer { [weak self] in
            guard let self else { return }
            wakesAt.withLock { if $0 == time { $0 = nil } }
            step { state, wakeups in state.wake(clock.now, wakeups: &wakeups) }
        }
        timers.set(alarm, at: time)
    }
}
