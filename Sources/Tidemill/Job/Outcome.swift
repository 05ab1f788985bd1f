/// How a job ended.
///
/// Every job ends in exactly one of these, so that the books balance.
///
/// The cases are in order: what became of a source's message is the worst outcome of all jobs made of it.
public enum Outcome: UInt8, Sendable, CaseIterable, Comparable {
    /// A sink has it.
    case delivered
    /// A handler returned nothing for it.
    case filtered
    /// An explicit policy threw it away: a full channel's overflow, or `on_error: drop`.
    case dropped
    /// It failed, and its record is with the dead letters.
    case deadLettered
    /// Its deadline had passed.
    case expired
    /// The pipeline was stopped before it was done.
    case cancelled
    /// It was handed back to its source.
    case rejected

    /// Whether `left` is the better outcome.
    public static func < (left: Outcome, right: Outcome) -> Bool { left.rawValue < right.rawValue }

    /// Whether the source need not give the message again.
    public var isSettled: Bool { self <= .expired }

    /// Whether the job was to be done and was not.
    var isFailure: Bool { self == .deadLettered || self == .expired || self == .rejected }

    /// Whether the job was stopped before it was done.
    var isStop: Bool { self == .expired || self == .cancelled }

    /// The name in summaries, metrics and logs.
    public var name: String {
        switch self {
        case .deadLettered: "dead_lettered"
        default: "\(self)"
        }
    }
}
