/// Hears what becomes of one of a source's messages.
///
/// All calls come from the threads of those who work on the message's jobs, and must be short.
public protocol MessageObserver: AnyObject, Sendable {
    /// Whether ``delivered(_:to:)`` is of use to it. Default: false.
    var wantsResults: Bool { get }

    /// A job made of the message failed for good, in that node; its outcome follows.
    func failed(_ failure: JobFailure, in node: String)

    /// A sink has a job that was made of the message; only called where ``wantsResults`` is true.
    func delivered(_ job: Job, to sink: String)

    /// All jobs made of the message have ended, so: the worst of their outcomes. Called once, after all others.
    func settled(_ outcome: Outcome)
}

extension MessageObserver {
    /// It has no use for them.
    public var wantsResults: Bool { false }
    /// It has no use for it.
    public func failed(_ failure: JobFailure, in node: String) {}
    /// It has no use for it.
    public func delivered(_ job: Job, to sink: String) {}
}

/// Who hears of a message, if anybody does.
package enum MessageReceipt: Sendable {
    case closure(@Sendable (Outcome) -> Void)
    case observer(any MessageObserver)

    /// The one for a closure, if there is one.
    init?(_ closure: (@Sendable (Outcome) -> Void)?) {
        guard let closure else { return nil }
        self = .closure(closure)
    }

    func settled(_ outcome: Outcome) {
        switch self {
        case .closure(let closure): closure(outcome)
        case .observer(let observer): observer.settled(outcome)
        }
    }

    var observer: (any MessageObserver)? { if case .observer(let observer) = self { observer } else { nil } }
}
