import Tidemill
import TidemillBroker

/// How entries of a stream become messages.
struct StreamEntries {
    let bodyField: Bytes
    let keyField: Bytes
    private let metadata: [(key: String, value: Value)]

    init(_ settings: RedisConsumerSettings) {
        bodyField = Bytes(settings.bodyField)
        keyField = Bytes(settings.keyField)
        metadata = [("stream", .string(Bytes(settings.stream)))]
    }

    /// The messages of a list of entries, each an id and its fields; those that are deleted by now are left out.
    func messages(_ list: RedisReply, delivery: Int = 1) -> [BrokerMessage<RedisLease>] {
        var messages: [BrokerMessage<RedisLease>] = []
        messages.reserveCapacity(list.count)
        for index in 0..<list.count {
            guard let entry = list[index], let id = entry[0]?.text, let fields = entry[1], !fields.isNil else {
                continue
            }
            messages.append(message(id, fields, delivery))
        }
        return messages
    }

    private func message(_ id: String, _ fields: RedisReply, _ delivery: Int) -> BrokerMessage<RedisLease> {
        var body: Bytes?
        var key: Bytes?
        var headers: [(name: String, value: Bytes)] = []
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            guard let name = fields[index], let value = fields[index + 1]?.bytes else { continue }
            if body == nil, name.equals(bodyField) {
                body = value
            } else if key == nil, name.equals(keyField) {
                key = value
            } else {
                headers.append((name.text ?? "", value))
            }
        }
        return BrokerMessage(
            lease: RedisLease(entry: id, delivery: delivery),
            id: id,
            body: body ?? Self.object(fields),
            key: key,
            headers: body == nil ? [] : headers,
            publishedAt: Self.time(id),
            deliveries: delivery,
            metadata: metadata
        )
    }

    /// All fields as a JSON object; of two with one name the last counts.
    private static func object(_ fields: RedisReply) -> Bytes {
        let members = stride(from: 0, to: fields.count - 1, by: 2).map { index -> (key: String, value: Value) in
            (fields[index]?.text ?? "", .string(fields[index + 1]?.bytes ?? Bytes()))
        }
        // Strings always have a JSON form.
        return (try? Value.table(members).json()).map { Bytes($0) } ?? Bytes("{}")
    }

    /// When an entry was added, in seconds since 1970: the first half of its id, unless the publisher chose it.
    private static func time(_ id: String) -> Double? {
        Int(id.prefix { $0 != "-" }).map { Double($0) / 1_000 }
    }
}
