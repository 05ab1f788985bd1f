import Synchronization

/// The context of one of a source's messages, above those of all jobs that are made of it: how long it may take, and
/// the means to withdraw it.
///
/// A source gives one along where somebody may lose interest in a message (a client that hangs up) or where it has to
/// be done by some time. A job whose context is cancelled is not started any more; one that is being handled is
/// interrupted. A message that is withdrawn ends as ``Outcome/cancelled``, one that is late as ``Outcome/expired``.
public final class MessageContext: Sendable {
    private struct State {
        var message: (ledger: Ledger, ticket: Ticket)?
        var isWithdrawn = false
    }

    /// How long the message may take, from when the pipeline takes it in; nil for as long as it takes.
    public let timeToLive: Duration?
    private let state = Mutex(State())

    /// A context for one message.
    public init(timeToLive: Duration? = nil) { self.timeToLive = timeToLive }

    /// Nobody wants the message any more: its jobs are stopped, wherever they are.
    ///
    /// Any thread may call it, at any time.
    public func withdraw() {
        let message = state.withLock { state in
            state.isWithdrawn = true
            return state.message
        }
        if let message { message.ledger.stop(message.ticket, .withdrawn) }
    }

    /// The message got its number; true if it was withdrawn before.
    func bind(_ ledger: Ledger, _ ticket: Ticket) -> Bool {
        state.withLock { state in
            state.message = (ledger, ticket)
            return state.isWithdrawn
        }
    }
}

/// Why a job is not started, or is stopped while it is being handled.
package enum StopReason: UInt8, Sendable {
    /// The source withdrew the message.
    case withdrawn = 1
    /// Another job of the message failed, and the source's policy is to stop the rest.
    case sibling
    /// It is too late for the job.
    case deadline
    /// The attempt took too long.
    case timeout
    /// The pipeline stops.
    case pipeline

    /// How a job ends that is stopped for this reason; nil where the attempt has failed and the stage's policy decides.
    package var outcome: Outcome? {
        switch self {
        case .withdrawn, .sibling, .pipeline: .cancelled
        case .deadline: .expired
        case .timeout: nil
        }
    }
}

/// What a source wants for the jobs of one message when one of them fails.
public enum SiblingPolicy: String, Sendable, CaseIterable {
    /// The others go on.
    case proceed = "continue"
    /// The others are stopped: half of the message is worth nothing.
    case cancel
}
