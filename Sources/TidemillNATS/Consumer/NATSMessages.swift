import CNATS
import TidemillBroker
import TidemillValue

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Makes messages of what the library fetched.
///
/// It keeps what most messages of a consumer have in common, so that it belongs to the one who receives.
struct NATSMessages {
    /// Where a message's key is.
    enum Key: Hashable, Sendable {
        /// In a header of this name.
        case header(String)
        /// It is the whole subject.
        case subject
    }

    private let stream: String
    private let key: Key
    private let streamValue: Value
    private let consumerValue: Value
    private var lastSubject = Bytes()

    init(stream: String, consumer: String, key: Key) {
        (self.stream, self.key) = (stream, key)
        (streamValue, consumerValue) = (.string(Bytes(stream)), .string(Bytes(consumer)))
    }

    /// - Returns: nil for a message that did not come from JetStream, which nobody can settle.
    mutating func message(_ pointer: OpaquePointer) -> BrokerMessage<NATSLease>? {
        guard let reply = natsMsg_GetReply(pointer), let delivery = DeliverySubject(Self.characters(reply)) else {
            return nil
        }
        let (body, answer) = Self.copy(pointer, reply)
        let subject = subject(of: pointer)
        let headers = natsHeaders(of: pointer)
        return BrokerMessage(
            lease: NATSLease(subject: answer),
            id: "\(stream):\(delivery.sequence)",
            body: body,
            key: keyBytes(subject, headers),
            headers: headers,
            publishedAt: Double(delivery.time) / 1e9,
            deliveries: delivery.delivery,
            metadata: [
                ("subject", .string(subject)),
                ("stream", streamValue),
                ("sequence", .integer(Int64(truncatingIfNeeded: delivery.sequence))),
                ("consumer", consumerValue),
            ]
        )
    }

    private func keyBytes(_ subject: Bytes, _ headers: [(name: String, value: Bytes)]) -> Bytes? {
        switch key {
        case .subject: subject
        case .header(let name): headers.first { $0.name == name }?.value
        }
    }

    /// Messages of one subject come in rows.
    private mutating func subject(of pointer: OpaquePointer) -> Bytes {
        guard let subject = natsMsg_GetSubject(pointer) else { return Bytes() }
        let characters = UnsafeRawBufferPointer(Self.characters(subject))
        let isSame = lastSubject.withUnsafeBytes { $0.elementsEqual(characters) }
        if !isSame { lastSubject = Bytes(copying: characters) }
        return lastSubject
    }

    /// The body and the subject to answer on, which ends with a NUL, in one block.
    private static func copy(_ pointer: OpaquePointer, _ reply: UnsafePointer<CChar>) -> (Bytes, Bytes) {
        let bodyCount = Int(natsMsg_GetDataLength(pointer))
        let replyCount = characters(reply).count + 1
        let block = Block(capacity: bodyCount + replyCount)
        if bodyCount > 0, let data = natsMsg_GetData(pointer) {
            block.storage.copyMemory(from: UnsafeRawBufferPointer(start: data, count: bodyCount))
        }
        let rest = UnsafeMutableRawBufferPointer(rebasing: block.storage[bodyCount...])
        rest.copyMemory(from: UnsafeRawBufferPointer(start: reply, count: replyCount))
        return (Bytes(block, start: 0, count: bodyCount), Bytes(block, start: bodyCount, count: replyCount))
    }

    private static func characters(_ text: UnsafePointer<CChar>) -> UnsafeBufferPointer<UInt8> {
        let count = strlen(text)
        return text.withMemoryRebound(to: UInt8.self, capacity: count) { UnsafeBufferPointer(start: $0, count: count) }
    }
}

/// The headers of a message, in the order of their names; one that is there more than once is so here, too.
private func natsHeaders(of message: OpaquePointer) -> [(name: String, value: Bytes)] {
    var names: UnsafeMutablePointer<UnsafePointer<CChar>?>?
    var count: Int32 = 0
    guard natsMsgHeader_Keys(message, &names, &count) == NATS_OK, let names else { return [] }
    defer { free(names) }
    let found = UnsafeBufferPointer(start: names, count: Int(count)).compactMap { name in
        name.map { String(cString: $0) }
    }
    return found.sorted().flatMap { name in
        natsHeaderValues(of: message, name).map { (name: name, value: $0) }
    }
}

private func natsHeaderValues(of message: OpaquePointer, _ name: String) -> [Bytes] {
    var values: UnsafeMutablePointer<UnsafePointer<CChar>?>?
    var count: Int32 = 0
    guard natsMsgHeader_Values(message, name, &values, &count) == NATS_OK, let values else { return [] }
    defer { free(values) }
    return UnsafeBufferPointer(start: values, count: Int(count)).compactMap { value in
        value.map { Bytes(copying: UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
    }
}
