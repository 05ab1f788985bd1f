/// How jobs reach a stage's workers.
public enum DispatchMode: String, Sendable, Hashable, CaseIterable {
    /// One queue that all workers take small runs of jobs from: the fastest.
    case shared
    /// A worker that has nothing to do takes one job, so that none waits behind a busy worker.
    case idle
    /// As ``shared``, but only one worker at a time has jobs of a key.
    case key
    /// Every job has a task of its own, as many at a time as there are workers.
    case perJob = "per_job"
}

/// The order in which a stage's results go on.
public enum JobOrder: String, Sendable, CaseIterable {
    /// As they come.
    case none
    /// Those of one key as their jobs came in; one job of a key is worked on at a time.
    case key
    /// As the jobs came in, however many workers there are.
    case input
}

/// How a stage works.
public struct StageSettings: Sendable {
    /// How many workers there are; at least one.
    public var workers: Int { didSet { workers = max(workers, 1) } }
    /// Between which numbers the workers are as many as are needed, so that jobs don't wait too long; nil for a fixed
    /// number.
    ///
    /// The stage begins with the fewest, and runs on threads of its own: what its handlers compute is measured.
    public var scaling: ScalingPolicy? { didSet { workers = scaling?.min ?? workers } }
    /// How jobs reach them.
    public var dispatch = DispatchMode.shared
    /// The order in which results go on.
    public var order: JobOrder
    /// How many jobs of one key are worked on at a time; nil for as many as there are workers.
    public var maxPerKey: Int?
    /// What jobs that belong together have in common; jobs without it belong to no other.
    ///
    /// The default is the job's own key.
    public var key: @Sendable (Job) -> Bytes? = { $0.key }
    /// Whether the workers run on threads of the stage's own, at most one for each core: for handlers that block or
    /// compute for long, which would hold up everything else on Swift's own threads.
    public var ownThreads: Bool
    /// How long an attempt at a job may take before it is stopped; nil for as long as it takes.
    ///
    /// It is stopped no earlier, and no later than an eighth of this after.
    public var timeout: Duration?
    /// How old a message may be whose job is started or handled here, counted from when the pipeline took it in; an
    /// older one has ``Outcome/expired``.
    ///
    /// Jobs that come out of the stage keep what is left of it.
    public var deadline: Duration?
    /// When a failed job is tried again; nil is never, unless a script asks for it.
    public var retry: RetryPolicy?
    /// When the stage takes a break because too many attempts fail.
    public var breaker: BreakerPolicy?
    /// How jobs are gathered for a handler of batches; nil where each is handled by itself.
    public var batch: BatchPolicy?
    /// How many jobs the stage takes in a time; nil is as many as it can.
    public var rateLimit: StageRateLimit?
    /// How many workers may be given up because they can't be stopped, before the pipeline fails.
    public var maxStuckWorkers = 8

    /// Settings; the default is one worker on Swift's own threads.
    public init(
        workers: Int = 1,
        dispatch: DispatchMode = .shared,
        order: JobOrder = .none,
        ownThreads: Bool = false
    ) {
        self.workers = max(workers, 1)
        self.dispatch = dispatch
        self.order = order
        self.ownThreads = ownThreads
    }
}

extension StageSettings {
    /// The settings that a configuration gives, on a machine of so many cores.
    init(_ stage: StageConfiguration, cores: Int) {
        self.init(workers: stage.workers.resolved(cores: cores), dispatch: stage.dispatch, order: stage.order)
        scaling = stage.workers.scaling(cores: cores)
        workers = scaling?.min ?? workers
        maxPerKey = stage.maxPerKey
        if let path = stage.keyPath { key = { path.key(in: $0.value) } }
        timeout = stage.timeout
        deadline = stage.deadline
        batch = stage.batch
        retry = stage.retry
        breaker = stage.breaker
        maxStuckWorkers = stage.maxStuckWorkers
    }
}
