import CNATS
import Tidemill
import TidemillBroker

extension NATSFailure {
    /// The failure of the one job whose message can't be sent; nil where the message is not to blame.
    func failureToSend(_ body: Bytes, _ connection: NATSConnection) -> JobFailure? {
        switch status {
        case NATS_MAX_PAYLOAD:
            let most = natsConnection_GetMaxPayload(connection.pointer)
            let sizes = "the message has \(body.count) bytes beside its headers, and the server takes \(most)"
            return JobFailure(.sink, "\(sizes) (max_payload)", advice: .never)
        case NATS_INVALID_SUBJECT:
            return JobFailure(.sink, "the server takes no such subject: \(text)", advice: .never)
        default:
            return nil
        }
    }

    /// The failure of the job whose message a stream refused, or that no stream took in.
    ///
    /// - Throws: ``BrokerError`` where the stream may take it later.
    func failureToStore(_ subject: String, _ connection: NATSConnection) throws -> JobFailure {
        if status == NATS_NO_RESPONDERS {
            // Without a leader nobody answers for a stream either: only the list of streams tells.
            guard try connection.hasStream(for: subject) else {
                let problem = "no stream at \(connection.place) takes in the subject \(subject)"
                return JobFailure(.sink, "\(problem); make one, or correct `subject`", advice: .never)
            }
            throw BrokerError(.unreachable, "the stream of \(subject) at \(connection.place) has no leader now")
        }
        if isPassing || code == 0 { throw asBrokerError("publish to \(subject) at \(connection.place)") }
        return JobFailure(.sink, "the stream of \(subject) refuses the message: \(text)", advice: .never)
    }
}

extension NATSConnection {
    /// Whether a stream takes in a subject.
    func hasStream(for subject: String) throws -> Bool {
        try calling("list the streams at \(place)") { () throws(NATSFailure) in
            var reply: OpaquePointer?
            // The library has no call for the list that asks for a subject. Nothing in one needs an escape in JSON
            // but these.
            let escaped = subject.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
            let request = #"{"subject":"\#(escaped)"}"#
            try check(
                natsConnection_RequestString(&reply, pointer, "$JS.API.STREAM.NAMES", request, NATSTimes.request)
            )
            defer { natsMsg_Destroy(reply) }
            let bytes = UnsafeRawBufferPointer(start: natsMsg_GetData(reply), count: Int(natsMsg_GetDataLength(reply)))
            let answer = String(decoding: bytes, as: UTF8.self)
            guard !answer.contains(#""error":"#) else { throw NATSFailure(NATS_ERR, detail: answer) }
            return !answer.contains(#""total":0,"#)
        }
    }
}
