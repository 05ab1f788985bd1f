import CNATS
import TidemillBroker

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// A durable consumer of a stream: found, or made where it is missing.
struct DurableConsumer: Hashable, Sendable {
    var stream: String
    var name: String
    /// Which of the stream's subjects it delivers; nil: all.
    var filter: String?
    /// How long a delivery may go unanswered; nil: 30 s for a new one, and whatever one that is there has.
    var ackWait: Duration?
    /// How many deliveries may go unanswered; nil: as ``ackWait``, the server's default for a new one.
    var maxAckPending: Int?

    static let standardAckWait = Duration.seconds(30)

    /// Finds it or makes it, and sees whether it is what the configuration says.
    ///
    /// - Returns: how long its deliveries may go unanswered.
    /// - Throws: ``BrokerError``.
    func ensure(on connection: NATSConnection) throws -> Duration {
        let doing = "use the consumer \"\(name)\" of the stream \"\(stream)\" at \(connection.place)"
        let found = try connection.calling(doing) { () throws(NATSFailure) in
            if let found = try find(connection) { return found }
            return try make(connection)
        }
        if let problem = problem(with: found) { throw BrokerError(.misconfigured, "can't \(doing): \(problem)") }
        return found.ackWait
    }

    /// What matters of a consumer that is there.
    private struct Found {
        let isPull: Bool
        let acknowledgesEach: Bool
        let filter: String?
        let ackWait: Duration
        let maxAckPending: Int

        init(_ configuration: jsConsumerConfig) {
            isPull = configuration.DeliverSubject.map { strlen($0) == 0 } ?? true
            acknowledgesEach = configuration.AckPolicy == js_AckExplicit
            filter = configuration.FilterSubject.map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
            ackWait = .nanoseconds(configuration.AckWait)
            maxAckPending = Int(configuration.MaxAckPending)
        }
    }

    private func problem(with found: Found) -> String? {
        let wayOut = "change the configuration, or edit or remove the consumer (nats consumer edit)"
        if !found.isPull { return "it pushes its messages, and a pull consumer is needed; name another one" }
        guard found.acknowledgesEach else {
            return "it doesn't want each message acknowledged (AckExplicit); name another one"
        }
        if let filter, filter != found.filter {
            return "it delivers \(found.filter ?? "every subject"), `subject` says \(filter); \(wayOut)"
        }
        if let ackWait, ackWait != found.ackWait {
            return "its ack wait is \(found.ackWait), `ack_wait` says \(ackWait); \(wayOut)"
        }
        if let maxAckPending, maxAckPending != found.maxAckPending {
            return "its max ack pending is \(found.maxAckPending), `max_ack_pending` says \(maxAckPending); \(wayOut)"
        }
        return nil
    }

    private func find(_ connection: NATSConnection) throws(NATSFailure) -> Found? {
        var (info, code) = (UnsafeMutablePointer<jsConsumerInfo>?.none, jsErrCode(0))
        let status = js_GetConsumerInfo(&info, connection.jetStream, stream, name, nil, &code)
        defer { jsConsumerInfo_Destroy(info) }
        if code == JSConsumerNotFoundErr || (status == NATS_NOT_FOUND && code != JSStreamNotFoundErr) { return nil }
        try check(status, code: code)
        return info?.pointee.Config.map { Found($0.pointee) }
    }

    private func make(_ connection: NATSConnection) throws(NATSFailure) -> Found {
        let texts = [name, filter].map { $0.flatMap { UnsafePointer(strdup($0)) } }
        defer { for text in texts { free(UnsafeMutablePointer(mutating: text)) } }
        var (configuration, code) = (jsConsumerConfig(), jsErrCode(0))
        jsConsumerConfig_Init(&configuration)
        configuration.Durable = texts[0]
        configuration.FilterSubject = texts[1]
        configuration.AckPolicy = js_AckExplicit
        configuration.AckWait = (ackWait ?? Self.standardAckWait).wholeNanoseconds
        configuration.MaxAckPending = Int64(maxAckPending ?? 0)
        var info: UnsafeMutablePointer<jsConsumerInfo>?
        let status = js_AddConsumer(&info, connection.jetStream, stream, &configuration, nil, &code)
        defer { jsConsumerInfo_Destroy(info) }
        try check(status, code: code)
        guard let made = info?.pointee.Config?.pointee else { return Found(configuration) }
        return Found(made)
    }
}
