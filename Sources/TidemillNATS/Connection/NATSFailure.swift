import CNATS
import TidemillBroker

/// What the library or a server said instead of doing what it was asked.
struct NATSFailure: Error {
    /// The library's own code.
    let status: natsStatus
    /// The code of JetStream, or 0 where it said nothing.
    let code: UInt32
    /// What the library wrote down about it, which may be nothing.
    let detail: String

    init(_ status: natsStatus, code: UInt32 = 0, detail: String? = nil) {
        self.status = status
        self.code = code
        self.detail = detail ?? nats_GetLastError(nil).map { String(cString: $0) } ?? ""
    }

    /// For a person: `Timeout`, or `stream not found (10059)`.
    var text: String {
        let status = String(cString: natsStatus_GetText(status))
        let words = detail.isEmpty ? status : detail
        return code == 0 ? words : "\(words) (JetStream's error \(code))"
    }

    /// Whether JetStream's code is one of these.
    func says(_ codes: jsErrCode...) -> Bool { code != 0 && codes.contains { $0.rawValue == code } }
}

/// Throws what went wrong, if anything did.
///
/// Call it on the thread that made the call: the library keeps its last error by thread.
func check(_ status: natsStatus, code: jsErrCode = jsErrCode(0)) throws(NATSFailure) {
    guard status != NATS_OK else { return }
    throw NATSFailure(status, code: code.rawValue)
}

extension NATSFailure {
    /// The failure as the source and the sink understand it.
    ///
    /// `doing` says what was tried: "connect to nats://…".
    func asBrokerError(_ doing: String) -> BrokerError {
        switch status {
        case NATS_CONNECTION_AUTH_FAILED:
            BrokerError(.refused, "can't \(doing): the server refuses the credentials (\(text)); check them")
        case NATS_NOT_PERMITTED:
            BrokerError(.refused, "can't \(doing): \(text); the account lacks a permission")
        case NATS_SECURE_CONNECTION_REQUIRED:
            BrokerError(.misconfigured, "can't \(doing): the server wants TLS; give `tls`")
        case NATS_SECURE_CONNECTION_WANTED:
            BrokerError(.misconfigured, "can't \(doing): the server has no TLS; leave out `tls`")
        case NATS_SSL_ERROR where isAboutCertificates:
            BrokerError(.refused, "can't \(doing): \(text); check `tls` and the server's certificate")
        case NATS_NO_SERVER:
            BrokerError(.unreachable, "can't \(doing): no server answers there; is it running, and `url` right?")
        case NATS_NO_RESPONDERS:
            // A server that has just started, or a cluster without a leader, says the same as one without JetStream.
            BrokerError(.unreachable, "can't \(doing): nobody answers for JetStream; is it enabled (nats-server -js)?")
        default:
            asJetStreamError(doing)
        }
    }

    private func asJetStreamError(_ doing: String) -> BrokerError {
        let isRefusal = code != 0 && !isPassing
        return BrokerError(isRefusal ? .misconfigured : .unreachable, "can't \(doing): \(text)")
    }

    /// Whether JetStream's answer may be another one soon, without anybody changing the configuration.
    var isPassing: Bool { Self.passing.contains { $0.rawValue == code } }

    private static let passing = [
        JSClusterNotAvailErr, JSClusterNotLeaderErr, JSClusterNotActiveErr, JSClusterIncompleteErr,
        JSClusterNoPeersErr, JSRaftGeneralErr, JSPeerRemapErr, JSStreamOfflineErr, JSConsumerOfflineErr,
        JSInsufficientResourcesErr, JSMemoryResourcesExceededErr, JSStorageResourcesExceededErr,
        JSAccountResourcesExceededErr, JSStreamStoreFailedErr,
    ]

    /// Whether a handshake failed for what the certificates say, not because the server went away.
    private var isAboutCertificates: Bool {
        ["certificate", "verif", "mismatch", "expired", "alert", "wrong version", "private key"]
            .contains { detail.contains($0) }
    }
}
