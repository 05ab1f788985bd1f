import CNATS
import TidemillBroker
import TidemillValue

/// A delivery of a message, named by the subject that its answer goes to.
///
/// The subject is good on any connection, which the library's own message is not: hence it is answered here, and not
/// with the library's functions, which publish the same texts to it.
public struct NATSLease: Hashable, Sendable {
    /// With a NUL at its end.
    private let subject: Bytes

    init(subject: Bytes) { self.subject = subject }

    /// Says something about the delivery; it is on its way soon.
    func answer(_ text: String, on connection: OpaquePointer) throws(NATSFailure) {
        try check(withSubject { natsConnection_PublishString(connection, $0, text) })
    }

    /// Says something about the delivery, and waits until the server has done what it means.
    func answerAndWait(_ text: String, on connection: OpaquePointer) throws(NATSFailure) {
        var reply: OpaquePointer?
        let status = withSubject { natsConnection_RequestString(&reply, connection, $0, text, NATSTimes.request) }
        natsMsg_Destroy(reply)
        try check(status)
    }

    private func withSubject(_ body: (UnsafePointer<CChar>?) -> natsStatus) -> natsStatus {
        subject.withUnsafeBytes { body($0.bindMemory(to: CChar.self).baseAddress) }
    }
}

extension LeaseEnding.Verdict {
    /// What JetStream is told.
    var answer: String {
        switch self {
        case .done: "+ACK"
        case .release: "-NAK"
        case .giveUp: "+TERM"
        case .again(let delay, _):
            delay > .zero ? #"-NAK {"delay": \#(delay.wholeNanoseconds)}"# : "-NAK"
        }
    }
}

extension Duration {
    /// In nanoseconds, cut off; durations of configurations are far from the limit.
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }
}
