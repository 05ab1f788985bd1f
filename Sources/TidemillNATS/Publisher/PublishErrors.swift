import CNATS
import Synchronization

/// What streams said of messages that they did not take, by the messages' ids.
///
/// The library's own thread fills it while the publisher waits.
final class PublishErrors: Sendable {
    /// The library's threads may come back once more after a connection is gone: they find it here, or nothing.
    private static let all = Mutex<(byNumber: [Int: PublishErrors], last: Int)>(([:], 0))

    /// What the library hands back to name it.
    var closure: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: number) }
    private let failures = Mutex<[String: NATSFailure]>([:])
    private let number: Int

    private init(_ number: Int) { self.number = number }

    /// A new one, which the library finds until ``forget()``.
    static func make() -> PublishErrors {
        all.withLock { all in
            all.last += 1
            let made = PublishErrors(all.last)
            all.byNumber[all.last] = made
            return made
        }
    }

    static func find(_ closure: UnsafeMutableRawPointer?) -> PublishErrors? {
        all.withLock { $0.byNumber[Int(bitPattern: closure)] }
    }

    func forget() { Self.all.withLock { $0.byNumber[number] = nil } }

    func note(_ failure: NATSFailure, id: String) { failures.withLock { $0[id] = failure } }

    /// What was said since the last time.
    func take() -> [String: NATSFailure] {
        failures.withLock { failures in
            defer { failures = [:] }
            return failures
        }
    }
}

/// The library calls it, on a thread of its own, for each message that a stream refused.
func noteRefusedMessage(
    _: OpaquePointer?,
    _ error: UnsafeMutablePointer<jsPubAckErr>?,
    _ closure: UnsafeMutableRawPointer?
) {
    guard let error = error?.pointee, let message = error.Msg else { return }
    var id: UnsafePointer<CChar>?
    guard natsMsgHeader_Get(message, NATSPublisher.idHeader, &id) == NATS_OK, let id else { return }
    let detail = error.ErrText.map { String(cString: $0) } ?? ""
    let failure = NATSFailure(error.Err, code: error.ErrCode.rawValue, detail: detail)
    PublishErrors.find(closure)?.note(failure, id: String(cString: id))
}
