import Synchronization
import Tidemill
import TidemillBroker

/// A broker in the test's own memory, which can be taken away.
final class MemoryBroker: Sendable {
    struct Message {
        let id: Int
        let body: Bytes
        let key: Bytes?
        let headers: [(name: String, value: Bytes)]
        var availableAt = Duration.zero
        var deliveries = 0
        /// The delivery that has it, and until when.
        var lease: (number: Int, end: Duration)?
    }

    private struct State {
        var messages: [Message] = []
        var published: [Message] = []
        var ids: Set<String> = []
        var aside: [(id: Int, reason: String)] = []
        var deliveries = 0
        var isAway = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var connections = 0
        var settleCalls = 0
        var extendCalls = 0
    }

    let clock: any PipelineClock
    let leaseDuration: Duration
    private let state = Mutex(State())

    init(clock: any PipelineClock = SystemClock(), leaseDuration: Duration = .seconds(2)) {
        self.clock = clock
        self.leaseDuration = leaseDuration
    }

    // MARK: What tests see and do

    var count: Int { state.withLock { $0.messages.count } }
    var published: [Message] { state.withLock { $0.published } }
    var aside: [(id: Int, reason: String)] { state.withLock { $0.aside } }
    var deliveries: Int { state.withLock { $0.deliveries } }
    var connections: Int { state.withLock { $0.connections } }
    var settleCalls: Int { state.withLock { $0.settleCalls } }
    var extendCalls: Int { state.withLock { $0.extendCalls } }

    func publish(_ body: Bytes, key: Bytes? = nil, headers: [(name: String, value: Bytes)] = [], id: String? = nil) {
        change { state in
            if let id, !state.ids.insert(id).inserted { return }
            let message = Message(id: state.published.count, body: body, key: key, headers: headers)
            state.published.append(message)
            state.messages.append(message)
        }
    }

    func goAway() { change { $0.isAway = true } }
    func comeBack() { change { $0.isAway = false } }

    /// Takes every lease away, as if it had run out.
    func takeLeases() {
        change { state in for index in state.messages.indices { state.messages[index].lease = nil } }
    }

    // MARK: What clients do

    func connect() throws {
        try change { state in
            if state.isAway { throw BrokerError(.unreachable, "the broker is away") }
            state.connections += 1
        }
    }

    func receive(upTo count: Int, waiting: Duration) async throws -> [BrokerMessage<Int>] {
        let start = clock.now
        while true {
            let messages = try take(count)
            if !messages.isEmpty || Task.isCancelled || clock.now - start >= waiting { return messages }
            let left = min(start + waiting - clock.now, leaseDuration / 10)
            await withDiscardingTaskGroup { group in
                group.addTask { [clock] in
                    try? await clock.sleep(for: left)
                    self.wake()
                }
                await waitForChange()
                group.cancelAll()
            }
        }
    }

    private func waitForChange() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { $0.waiting.append(continuation) }
                if Task.isCancelled { wake() }
            }
        } onCancel: {
            wake()
        }
    }

    private func take(_ count: Int) throws -> [BrokerMessage<Int>] {
        try state.withLock { state in
            if state.isAway { throw BrokerError(.unreachable, "the broker is away") }
            let now = clock.now
            var taken: [BrokerMessage<Int>] = []
            for index in state.messages.indices where taken.count < count {
                let message = state.messages[index]
                guard message.availableAt <= now, message.lease.map({ $0.end <= now }) ?? true else { continue }
                state.deliveries += 1
                state.messages[index].deliveries += 1
                state.messages[index].lease = (state.deliveries, now + leaseDuration)
                taken.append(
                    BrokerMessage(
                        lease: state.deliveries,
                        id: "message-\(message.id)",
                        body: message.body,
                        key: message.key,
                        headers: message.headers,
                        deliveries: message.deliveries + 1
                    )
                )
            }
            return taken
        }
    }

    func settle(_ endings: [LeaseEnding<Int>]) throws {
        try change { state in
            if state.isAway { throw BrokerError(.unreachable, "the broker is away") }
            state.settleCalls += 1
            for ending in endings {
                guard let index = state.messages.firstIndex(where: { $0.lease?.number == ending.lease }) else {
                    continue
                }
                switch ending.verdict {
                case .done: state.messages.remove(at: index)
                case .again(let after, _):
                    state.messages[index].lease = nil
                    state.messages[index].availableAt = clock.now + after
                case .release:
                    state.messages[index].lease = nil
                    state.messages[index].deliveries -= 1
                case .giveUp(let reason):
                    state.aside.append((state.messages[index].id, reason))
                    state.messages.remove(at: index)
                }
            }
        }
    }

    func extend(_ leases: [Int]) throws -> [Int] {
        try state.withLock { state in
            if state.isAway { throw BrokerError(.unreachable, "the broker is away") }
            state.extendCalls += 1
            var lost: [Int] = []
            for (place, lease) in leases.enumerated() {
                guard let index = state.messages.firstIndex(where: { $0.lease?.number == lease }) else {
                    lost.append(place)
                    continue
                }
                state.messages[index].lease = (lease, clock.now + leaseDuration)
            }
            return lost
        }
    }

    func wake() { change { _ in } }

    private func change<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
        let (result, waiting) = try state.withLock { state in
            let result = try body(&state)
            defer { state.waiting = [] }
            return (result, state.waiting)
        }
        for continuation in waiting { continuation.resume() }
        return result
    }
}

struct MemoryConsumer: BrokerConsumer {
    let broker: MemoryBroker
    var leasesSurviveConnection = true

    var blocksItsThread: Bool { false }
    var leaseDuration: Duration { broker.leaseDuration }
    func connect() async throws { try broker.connect() }
    func receive(upTo count: Int, waiting: Duration) async throws -> [BrokerMessage<Int>] {
        try await broker.receive(upTo: count, waiting: waiting)
    }
    func settle(_ endings: [LeaseEnding<Int>]) async throws { try broker.settle(endings) }
    func extend(_ leases: [Int]) async throws -> [Int] { try broker.extend(leases) }
    func wake() { broker.wake() }
    func disconnect() async {}
}

struct MemoryPublisher: BrokerPublisher {
    let broker: MemoryBroker

    var blocksItsThread: Bool { false }
    func connect() async throws { try broker.connect() }
    func publish(_ messages: [OutgoingMessage]) async throws -> [Int: JobFailure] {
        try broker.connect()
        for message in messages {
            broker.publish(message.body, key: message.key, headers: message.headers, id: message.id)
        }
        return [:]
    }
    func disconnect() async {}
}
