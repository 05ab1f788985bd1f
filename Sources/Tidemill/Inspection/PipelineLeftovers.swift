/// What a run did not settle for good: messages that were handed back to their source, or that it had to leave when it
/// was stopped.
///
/// They come again where the source can give them again, and are lost where it can't. A message that was withdrawn is
/// none of them; nor is a job that was stopped because another one of its message failed.
public struct PipelineLeftovers: Sendable {
    /// The messages that are left of each source, also of those of which none is.
    public let sources: [SourceLeftovers]
    /// The jobs that are left, by where they were; places with none are left out.
    public let places: [LeftoverPlace]
    /// The jobs that are left, in the order of their messages, but no more than ``PipelineOptions/leftoverDetails``: of
    /// those that a worker had begun the first, and of the others as many as there is room for.
    public let jobs: [LeftoverJob]

    /// How many messages are left.
    public var messages: Int { sources.map { $0.cancelled + $0.rejected }.reduce(0, +) }
    /// How many jobs of theirs are left: a message may have several, and some of them may be done.
    public var jobCount: Int { places.map(\.jobs).reduce(0, +) }
    /// Whether there are none.
    public var isEmpty: Bool { messages == 0 }
}

/// How many messages of a source are left.
public struct SourceLeftovers: Sendable, Hashable {
    /// The source's name.
    public let name: String
    /// How many the pipeline had to leave when it was stopped.
    public let cancelled: Int
    /// How many were handed back.
    public let rejected: Int
    /// Whether the source says that they come again.
    public let takesJobsBack: Bool
}

/// How many jobs are left in one place.
public struct LeftoverPlace: Sendable, Hashable {
    /// The node.
    public let node: String
    /// Where in the node they were.
    public let state: JobState
    /// ``Outcome/cancelled`` or ``Outcome/rejected``.
    public let outcome: Outcome
    /// How many there are.
    public let jobs: Int
}

/// A job that is left.
public struct LeftoverJob: Sendable, Hashable {
    /// The job's identity, as in logs and dead letters.
    public let id: String
    /// The source of its message.
    public let source: String
    /// The message's number there, counted from 1.
    public let sequence: Int
    /// The job's key; the first 1,024 bytes of a longer one.
    public let key: Bytes?
    /// The node at which it was.
    public let node: String
    /// Where in the node it was.
    public let state: JobState
    /// ``Outcome/cancelled`` or ``Outcome/rejected``.
    public let outcome: Outcome
    /// How many attempts at it have failed in that node.
    ///
    /// One that was interrupted, because the pipeline was stopped, has not.
    public let failedAttempts: Int
    /// How long before its end the pipeline had taken its message in.
    public let age: Duration
}

extension PipelineLeftovers {
    init(_ log: LeftoverLog, _ ledgers: [Ledger], _ names: [String], _ takesJobsBack: [Bool]) {
        sources = ledgers.indices.map { index in
            let (rejected, cancelled) = ledgers[index].leftOver
            return SourceLeftovers(
                name: names[index],
                cancelled: cancelled,
                rejected: rejected,
                takesJobsBack: takesJobsBack[index]
            )
        }
        let (counts, first) = log.all
        places = counts.map { place, count in
            LeftoverPlace(node: place.node, state: place.state, outcome: place.outcome, jobs: count)
        }
        .sorted { ($0.node, $0.state.rawValue, $0.outcome) < ($1.node, $1.state.rawValue, $1.outcome) }
        jobs = first.sorted { $0.ticket.rawValue < $1.ticket.rawValue }.map { LeftoverJob($0, names) }
    }
}

extension LeftoverJob {
    fileprivate init(_ entry: LeftoverLog.Entry, _ names: [String]) {
        id = entry.ticket.jobID(names)
        source = names[entry.ticket.source]
        sequence = Int(entry.ticket.sequence) + 1
        key = entry.key
        node = entry.place.node
        state = entry.place.state
        outcome = entry.place.outcome
        failedAttempts = entry.failedAttempts
        age = entry.age
    }
}
