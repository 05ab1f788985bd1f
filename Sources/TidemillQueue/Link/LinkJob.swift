import Tidemill
import TidemillBroker
import TidemillValue

/// Jobs as a ``QueueLink`` keeps them: the value is the body, the metadata a column of its own, both as JSON text.
enum LinkJob {
    /// Nothing bigger fits into SQLite.
    static let longestBody = 1_000_000_000

    private static let field = "job"

    static func body(of value: Value) -> Bytes { Bytes(ExactValue.encode(value).description) }

    static func message(_ message: OutgoingMessage) -> NewMessage {
        let metadata = message.job.metadata
        return NewMessage(message.body, key: message.key, metadata: metadata == .null ? nil : body(of: metadata))
    }

    static func received(_ leased: LeasedMessage) -> BrokerMessage<QueueLease> {
        let metadata = leased.message.metadata.map { [(key: field, value: Value.string($0))] } ?? []
        return BrokerMessage(
            lease: leased.lease,
            id: String(leased.lease.id),
            body: leased.message.body,
            key: leased.message.key,
            deliveries: leased.message.attempts,
            metadata: metadata
        )
    }

    static func job(of message: BrokerMessage<QueueLease>) throws(JobFailure) -> Job {
        let metadata = message.metadata.first?.value.bytes
        return Job(
            try decode(message.body),
            key: message.key,
            metadata: try metadata.map { (text) throws(JobFailure) in try decode(text) } ?? .null
        )
    }

    private static func decode(_ text: Bytes) throws(JobFailure) -> Value {
        do {
            return try ExactValue.decode(try Value(json: text))
        } catch {
            throw JobFailure(.input, "what the channel's file has is no job: \(error)", advice: .never)
        }
    }
}
