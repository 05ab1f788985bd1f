/// Where every job of a pipeline is at one moment, as far as that can be told while it runs.
///
/// The parts are looked at one after the other, so they need not add up.
public struct PipelineInspection: Sendable {
    /// The pipeline's name.
    public let name: String
    /// The moment, by the pipeline's clock.
    public let time: Duration
    /// How far the pipeline is.
    public let phase: PipelinePhase
    /// What was taken in, and what became of it.
    public let books: Books
    /// The sources.
    public let sources: [SourceInspection]
    /// The stages and sinks.
    public let nodes: [NodeInspection]
    /// How long it took jobs to stop that were told to.
    public let stops: StopInspection
    /// As ``PipelineSnapshot/explanation``.
    public let explanation: String?
}

/// A job, and how long ago its message was taken in.
public struct InspectedJob: Sendable, Hashable {
    /// The job's identity, as in logs and dead letters.
    public let id: String
    /// The age of its message; nil where it was settled meanwhile.
    public let age: Duration?
}

/// What a source has brought and what of it is under way.
public struct SourceInspection: Sendable {
    /// The source's name.
    public let name: String
    /// How many of its messages are not settled.
    public let inFlight: Int
    /// The one of these that was taken in first.
    public let oldest: InspectedJob?
    /// How far the source is, in units of its own.
    public let done: Int64
    /// Of how much; nil where it doesn't know.
    public let total: Int64?
}

/// What a stage or a sink is doing.
public struct NodeInspection: Sendable {
    /// The node's name.
    public let name: String
    /// What sort of node it is.
    public let kind: NodeSnapshot.Kind
    /// The channel in front of it.
    public let channel: ChannelInspection
    /// Its workers.
    public let workers: [WorkerInspection]
    /// How many workers it has and why; nil where their number is fixed and has not changed.
    public let scaling: ScalingInspection?
    /// How many workers were given up because they could not be stopped.
    public let givenUp: Int
    /// The jobs that wait for another attempt.
    public let retries: RetryInspection
    /// Its circuit breaker; nil where it has none.
    public let breaker: BreakerState?
}

/// What is in a channel, and who waits at it.
public struct ChannelInspection: Sendable {
    /// How many jobs are in it.
    public let queued: Int
    /// How many of them came back for another attempt, and are taken before the others.
    public let returned: Int
    /// How many it holds.
    public let capacity: Int
    /// How many bytes are in it; nil where these are not bounded.
    public let bytes: Int?
    /// How many senders wait for room.
    public let waitingSenders: Int
    /// How many receivers wait for jobs.
    public let waitingReceivers: Int
    /// Whether only jobs that came back are taken, because so many wait for another attempt.
    public let isHolding: Bool
    /// The first ten jobs, those that are taken next.
    public let first: [InspectedJob]
}

/// Whether a circuit breaker lets jobs through.
public enum BreakerState: Sendable, Hashable {
    /// All of them.
    case closed
    /// None, for this long.
    case open(for: Duration)
    /// One, on trial.
    case trial
}

/// What a worker is doing.
public struct WorkerInspection: Sendable {
    /// What sort of thing it does.
    public enum State: String, Sendable {
        /// It waits for jobs.
        case idle
        /// It handles a job.
        case atWork = "at_work"
        /// It has something in hand, and no job that it can name: it gives results on, or handles jobs so fast that
        /// it does not keep track of them.
        case busy
        /// It has ended, or has not begun.
        case absent
    }

    /// The worker's number in its node, from 1.
    public let number: Int
    /// What sort of thing it does.
    public let state: State
    /// The job at hand; the first of them where several are one piece of work.
    public let job: InspectedJob?
    /// How many jobs are at hand.
    public let jobs: Int
    /// Which attempt at the job it is, from 1.
    public let attempt: Int
    /// How long it has been at it at least; how long exactly, if the job was the first of its batch.
    public let workingFor: Duration
    /// How long until the attempt is stopped; nil where it may take as long as it takes.
    public let timeLeft: Duration?
    /// Why it was told to stop (`withdrawn`, `sibling`, `deadline`, `timeout` or `pipeline`), if it was.
    public let stopReason: String?
    /// How long ago that was.
    public let stoppingFor: Duration?
}

/// How many workers a stage has, and why.
public struct ScalingInspection: Sendable, Hashable {
    /// How many there are to be.
    public let workers: Int
    /// The most that there may be; nil where only who runs the pipeline changes their number.
    public let max: Int?
    /// Why there are so many now, in words for people; nil where nobody has looked yet.
    public let reason: String?
    /// The latest changes, at most 20, in their order.
    public let changes: [ScalingEvent]
}

/// The jobs of a node that wait for another attempt.
public struct RetryInspection: Sendable {
    /// A job that waits.
    public struct Waiting: Sendable, Hashable {
        /// The job.
        public let job: InspectedJob
        /// Which attempt it waits for, from 2.
        public let attempt: Int
        /// How long until then.
        public let dueIn: Duration
    }

    /// How many wait.
    public let count: Int
    /// The ten of them that are due first.
    public let first: [Waiting]
}

/// How long it took jobs to stop that were told to.
public struct StopInspection: Sendable, Hashable {
    /// How many were told to.
    public let count: Int
    /// The time within which half of them had stopped; nil where there were none.
    public let median: Duration?
    /// The time within which 99 of 100 had stopped; nil where there were none.
    public let p99: Duration?
}
