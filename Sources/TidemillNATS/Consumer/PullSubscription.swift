import CNATS
import TidemillBroker

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The library's subscription to a pull consumer.
///
/// `@unchecked Sendable`: one task at a time fetches, which is all that changes ``messages``, and the pointer never
/// changes.
final class PullSubscription: @unchecked Sendable {
    private let connection: NATSConnection
    private let pointer: OpaquePointer
    private var messages: NATSMessages

    init(_ consumer: DurableConsumer, _ messages: NATSMessages, _ connection: NATSConnection) throws {
        self.connection = connection
        self.messages = messages
        pointer = try connection.calling("consume from \(connection.place)") { () throws(NATSFailure) in
            var (options, code) = (jsSubOptions(), jsErrCode(0))
            try check(jsSubOptions_Init(&options))
            let (stream, name) = (UnsafePointer(strdup(consumer.stream)), UnsafePointer(strdup(consumer.name)))
            defer { for text in [stream, name] { free(UnsafeMutablePointer(mutating: text)) } }
            (options.Stream, options.Consumer) = (stream, name)
            var subscription: OpaquePointer?
            let status = js_PullSubscribe(&subscription, connection.jetStream, nil, nil, nil, &options, &code)
            try check(status, code: code)
            guard let subscription else { throw NATSFailure(NATS_NO_MEMORY) }
            return subscription
        }
    }

    deinit { natsSubscription_Destroy(pointer) }

    /// Takes up to `count` messages that are there, or waits for the first.
    ///
    /// - Returns: none when there was none in time; the caller may try again at once.
    /// - Throws: ``BrokerError`` when the connection is lost.
    func fetch(_ count: Int, milliseconds: Int64) throws -> [BrokerMessage<NATSLease>] {
        guard let list = try fetch(count, milliseconds) else { return [] }
        return take(list)
    }

    private func fetch(_ count: Int, _ milliseconds: Int64) throws -> natsMsgList? {
        let began = nats_Now()
        if let list = try fetchOnce(count, milliseconds) { return list }
        // A server that has requests of others waiting refuses one for many at once; one for a single message waits
        // in line with them.
        let rest = milliseconds - (nats_Now() - began)
        return count > 1 && rest > milliseconds / 2 ? try fetchOnce(1, rest) : nil
    }

    private func fetchOnce(_ count: Int, _ milliseconds: Int64) throws -> natsMsgList? {
        try connection.calling("fetch from \(connection.place)") { () throws(NATSFailure) in
            var (list, code) = (natsMsgList(), jsErrCode(0))
            let status = natsSubscription_Fetch(&list, pointer, Int32(count), milliseconds, &code)
            if status == NATS_TIMEOUT || status == NATS_NOT_FOUND { return nil }
            try check(status, code: code)
            return list
        }
    }

    private func take(_ list: natsMsgList) -> [BrokerMessage<NATSLease>] {
        var list = list
        defer { natsMsgList_Destroy(&list) }
        var taken: [BrokerMessage<NATSLease>] = []
        taken.reserveCapacity(Int(list.Count))
        for index in 0..<Int(list.Count) {
            guard let pointer = list.Msgs[index] else { continue }
            if let message = messages.message(pointer) { taken.append(message) }
        }
        return taken
    }
}
