import Synchronization
import Tidemill
import TidemillBroker

/// Takes whole jobs, and says that there are none only when none can come.
final class LinkConsumer: BrokerConsumer {
    private let consumer: QueueConsumer
    private let ending: LinkEnding
    /// Whether who woke it wants the call to return; else it is to look whether it is over.
    private let mustReturn = Atomic<Bool>(false)

    init(_ consumer: QueueConsumer, _ ending: LinkEnding) {
        self.consumer = consumer
        self.ending = ending
        ending.listen { consumer.wake() }
    }

    var leaseDuration: Duration { consumer.leaseDuration }

    func connect() async throws {
        mustReturn.store(false, ordering: .relaxed)
        try await consumer.connect()
    }

    func receive(upTo count: Int, waiting: Duration) async throws -> [BrokerMessage<QueueLease>] {
        while true {
            let messages = try consumer.take(upTo: count, waiting: waiting)
            if !messages.isEmpty { return messages.map(LinkJob.received) }
            if try Task.isCancelled || isOver { return [] }
            if mustReturn.exchange(false, ordering: .relaxed) {
                throw BrokerError(.unreachable, "\(consumer.store.path): another call could not use it")
            }
        }
    }

    func settle(_ endings: [LeaseEnding<QueueLease>]) async throws {
        try await consumer.settle(endings)
        if ending.isClosed { consumer.wake() }
    }

    func extend(_ leases: [QueueLease]) async throws -> [Int] { try await consumer.extend(leases) }

    func wake() {
        mustReturn.store(true, ordering: .relaxed)
        consumer.wake()
    }

    func disconnect() async { await consumer.disconnect() }

    private var isOver: Bool {
        get throws { try ending.isClosed && consumer.store.next(in: consumer.settings.queue) == .unknown }
    }
}
