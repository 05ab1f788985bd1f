import Synchronization
import Tidemill

/// One message that is with the pipeline: hears how it ends, and passes that on.
final class LeasedMessage: MessageObserver {
    /// Why a message failed.
    struct Failure: Hashable, Sendable {
        let reason: String
        /// Whether it would fail again.
        let isFinal: Bool
    }

    let context = MessageContext()
    private let span: MessageSpan
    private let end: @Sendable (Outcome, Failure?) -> Void
    private let failure = Mutex<Failure?>(nil)

    init(_ span: MessageSpan, end: @escaping @Sendable (Outcome, Failure?) -> Void) {
        self.span = span
        self.end = end
    }

    func failed(_ failure: JobFailure, in node: String) {
        span.failed(failure, in: node)
        let new = Failure(reason: "\(node): \(failure.message)", isFinal: failure.advice == .never)
        self.failure.withLock { $0 = $0 ?? new }
    }

    func settled(_ outcome: Outcome) {
        span.end(outcome)
        end(outcome, failure.withLock { $0 })
    }
}
