import Synchronization
import Tidemill
public import TidemillBroker

extension RedisConsumer {
    /// Takes messages: those that are due again in turn with new ones.
    public func receive(upTo count: Int, waiting: Duration) async throws -> [BrokerMessage<RedisLease>] {
        guard let reader else { throw notConnected }
        let deadline = clock.now + waiting
        while true {
            let messages = try take(upTo: count, until: deadline, reader)
            if !messages.isEmpty { return messages }
            if reader.wasWoken || clock.now >= deadline { return [] }
        }
    }

    private func take(
        upTo count: Int,
        until deadline: Duration,
        _ reader: StreamReader
    ) throws(BrokerError) -> [BrokerMessage<RedisLease>] {
        if !reader.isWaiting, reader.surplus.isEmpty {
            let now = clock.now
            let renewals = redeliveries.withLock { $0.takeRenewals(at: now) }
            if !renewals.isEmpty { try reader.renew(renewals) }
            if !reader.claimedLast, redeliveries.withLock({ $0.takeScan(at: now) }) {
                let claimed = try reader.claim(upTo: count, entries)
                if !reader.scanIsComplete { redeliveries.withLock { $0.scanAgain() } }
                if !claimed.isEmpty { return claimed }
            }
        }
        let now = clock.now
        // What is due again behind messages that were claimed just now waits for one look at the new ones.
        let wait = reader.claimedLast ? .zero : min(deadline, redeliveries.withLock { $0.next }) - now
        let limit = max(deadline - now, .zero)
        let new = try reader.read(upTo: count, waiting: max(wait, .zero), atMost: limit, signal, entries)
        if let message = new.last { last = message.id }
        return new
    }

    /// Acknowledges entries, gives them back, or puts them aside.
    public func settle(_ endings: [LeaseEnding<RedisLease>]) async throws {
        guard let keeper else { throw notConnected }
        try keeper.settle(endings, redeliveries, at: clock.now)
    }

    /// Makes entries that are pending for this consumer idle for no time.
    public func extend(_ leases: [RedisLease]) async throws -> [Int] {
        guard let keeper else { throw notConnected }
        let renewals = redeliveries.withLock { $0.takeRenewals(at: clock.now) }
        if !renewals.isEmpty { try keeper.renew(renewals) }
        return try keeper.extend(leases)
    }

    private var notConnected: BrokerError {
        BrokerError(.unreachable, "\(settings.server.name): not connected")
    }
}
