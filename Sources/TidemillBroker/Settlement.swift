import Logging
import Synchronization
import Tidemill

/// Keeps the leases of a source's messages: ends those of messages that are settled, extends the others, and withdraws
/// messages whose leases are lost.
final class Settlement<Consumer: BrokerConsumer>: Sendable {
    typealias Lease = Consumer.Lease
    typealias Verdict = LeaseEnding<Lease>.Verdict

    private struct State {
        var book = LeaseBook<Lease>()
        var contextByNumber: [Int: MessageContext] = [:]
        var waiting: (room: Int, continuation: UnsafeContinuation<Void, Never>)?
        var isBeatDue = false
        var isClosing = false

        /// Who waits for room, if there is some by now, or in any case.
        mutating func takeWaiting(always: Bool = false) -> UnsafeContinuation<Void, Never>? {
            guard let waiting, always || book.count <= waiting.room else { return nil }
            self.waiting = nil
            return waiting.continuation
        }

        func contexts(of numbers: [Int]) -> [MessageContext] { numbers.compactMap { contextByNumber[$0] } }
    }

    /// How many leases are ended or extended in one call.
    private static var portion: Int { 1_024 }

    private let consumer: Consumer
    private let connection: BrokerConnection
    private let policy: DeliveryPolicy
    private let clock: any PipelineClock
    private let logger: Logger
    private let state = Mutex(State())
    private let signals = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    init(
        _ consumer: Consumer,
        _ connection: BrokerConnection,
        _ policy: DeliveryPolicy,
        clock: any PipelineClock,
        logger: Logger
    ) {
        self.consumer = consumer
        self.connection = connection
        self.policy = policy
        self.clock = clock
        self.logger = logger
    }

    // MARK: Messages

    /// How many messages are with the pipeline, or have ended without the broker's knowing.
    var count: Int { state.withLock { $0.book.count } }

    /// Takes a message on, which was received at that time of the clock.
    func take(_ message: BrokerMessage<Lease>, _ span: MessageSpan, at time: Duration) -> LeasedMessage {
        state.withLock { state in
            let number = state.book.add(message.lease, until: time + consumer.leaseDuration)
            let (policy, deliveries) = (policy, message.deliveries)
            let leased = LeasedMessage(span) { self.end(number, policy.verdict($0, $1, deliveries: deliveries)) }
            state.contextByNumber[number] = leased.context
            return leased
        }
    }

    private func end(_ number: Int, _ verdict: Verdict) {
        let (isFirst, waiting) = state.withLock { state in
            state.contextByNumber[number] = nil
            state.book.end(number, verdict)
            return (state.book.endedCount <= 1, state.takeWaiting())
        }
        if isFirst { signals.continuation.yield() }
        waiting?.resume()
    }

    /// Waits until no more than `limit` messages are with the pipeline, or until the task is cancelled.
    func waitForRoom(limit: Int) async {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let mustWait = state.withLock { state in
                    let mustWait = state.book.count > limit && !Task.isCancelled
                    if mustWait { state.waiting = (limit, continuation) }
                    return mustWait
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.takeWaiting(always: true) }?.resume()
        }
    }

    // MARK: Running

    /// Ends and extends leases until it is closed and the broker knows all that there is to know.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.beat() }
            for await _ in signals.stream {
                await tellEndings()
                if state.withLock({ $0.isBeatDue }) { await extend() }
                if state.withLock({ $0.isClosing }) || Task.isCancelled { break }
            }
            group.cancelAll()
        }
    }

    /// No more messages come, and all have ended: ``run()`` ends once the broker knows.
    func close() {
        state.withLock { $0.isClosing = true }
        signals.continuation.yield()
    }

    private func beat() async {
        while (try? await clock.sleep(for: consumer.leaseDuration / 3)) != nil {
            state.withLock { $0.isBeatDue = true }
            signals.continuation.yield()
            // Where the broker can't be reached, nobody comes to extend them.
            withdraw(state.withLock { state in state.contexts(of: state.book.expire(now: clock.now)) })
        }
    }

    private func tellEndings() async {
        while !Task.isCancelled {
            let endings = state.withLock { $0.book.endings(limit: Self.portion) }
            if endings.isEmpty { return }
            guard await call({ try await consumer.settle(endings.map(\.ending)) }) != nil else { continue }
            let waiting = state.withLock { state in
                state.book.told(endings.map(\.number))
                return state.takeWaiting()
            }
            waiting?.resume()
        }
    }

    private func extend() async {
        state.withLock { $0.isBeatDue = false }
        let open = state.withLock { $0.book.open }
        for start in stride(from: 0, to: open.count, by: Self.portion) {
            let portion = open[start..<min(start + Self.portion, open.count)]
            let time = clock.now
            guard let lost = await call({ try await consumer.extend(portion.map(\.lease)) }) else { return }
            let lostNumbers = Set(lost.map { portion[start + $0].number })
            withdraw(
                state.withLock { state in
                    let kept = portion.map(\.number).filter { !lostNumbers.contains($0) }
                    state.book.extend(kept, until: time + consumer.leaseDuration)
                    return state.contexts(of: state.book.lose(lostNumbers.sorted()))
                }
            )
        }
    }

    /// The connection broke, which takes the leases of some brokers with it.
    func connectionBroke() {
        if consumer.leasesSurviveConnection { return }
        withdraw(state.withLock { state in state.contexts(of: state.book.loseAll()) })
    }

    /// Makes a call; nil where the connection broke, so that the broker is to be asked anew.
    private func call<Result>(_ call: () async throws -> Result) async -> Result? {
        try? await connection.use(call)
    }

    private func withdraw(_ contexts: [MessageContext]) {
        if contexts.isEmpty { return }
        logger.warning("leases are lost: somebody else may do the jobs", metadata: ["jobs": "\(contexts.count)"])
        for context in contexts { context.withdraw() }
    }
}
