import Logging

/// What the workers of a node share: where jobs come from, and what the configuration says about how they are handled.
final class Stage: Sendable {
    let input: Channel<Delivery>
    let sequencer: Sequencer?
    let retries: Retries
    let clock: any PipelineClock
    let order: JobOrder
    /// Whether it writes whole batches.
    let isSink: Bool
    /// Whether jobs are handled many at once.
    let isBatched: Bool
    let sizer = BatchSizer()
    private let takesOne: Bool
    private let collector: BatchCollector?
    private let node: String
    private let settings: StageSettings
    private let ports: Int
    private let contexts: ContextRegistry
    private let ledgers: [Ledger]
    private let strays: Strays

    init(
        _ node: PipelineNode,
        _ input: Channel<Delivery>,
        ports: Int,
        _ options: PipelineOptions,
        _ timers: Timers,
        _ contexts: ContextRegistry,
        _ strays: Strays,
        _ ledgers: [Ledger]
    ) {
        let settings = node.settings
        self.node = node.name
        self.settings = settings
        self.input = input
        self.ports = ports
        self.contexts = contexts
        self.ledgers = ledgers
        self.strays = strays
        clock = options.clock
        order = settings.order
        isSink = node.isSink
        // Results are put in order by runs of jobs that came one after the other, which jobs out of lanes are not.
        let isScattered = settings.order == .input && settings.usesLanes
        takesOne = isScattered || settings.dispatch == .idle || settings.dispatch == .perJob
        isBatched = settings.batch != nil
        collector = settings.batch.map { policy in
            BatchCollector(policy, options.clock) { contexts.isUsed ? $0.deadline(settings.deadline, ledgers) : .max }
        }
        sequencer =
            settings.order == .input
            ? Sequencer(window: Self.window(settings, input.limits)) { [weak input] in input?.setHorizon($0) } : nil
        if settings.deadline != nil { contexts.note() }
        retries = Retries(
            settings,
            channel: input,
            options: options,
            timers: timers,
            deadline: { $0.deadline(settings.deadline, ledgers) },
            settle: { strays.settle($0, $1, at: node.name, .waiting) },
            report: { Self.report($0, node.name, options.logger) }
        )
    }

    /// Of how many jobs results may be held back: so many that all workers stay busy while one job takes its time.
    private static func window(_ settings: StageSettings, _ limits: ChannelLimits) -> Int {
        max(4_096, limits.capacity, 8 * (settings.scaling?.max ?? settings.workers))
    }

    private static func report(_ gate: CircuitBreaker.Gate, _ node: String, _ logger: Logger) {
        let metadata: Logger.Metadata = ["node": "\(node)"]
        switch gate {
        case .open: logger.notice("jobs succeed again: the circuit breaker has closed", metadata: metadata)
        case .trial: logger.info("the circuit breaker lets one job through on trial", metadata: metadata)
        case .shut: logger.warning("too many jobs fail: the circuit breaker takes no more for now", metadata: metadata)
        }
    }

    /// Waits for jobs: as many as a worker is to have at a time.
    func receive(_ batch: Batch<Delivery>) async -> ChannelSignal {
        if let collector { return await collector.collect(batch, from: input) }
        return await input.receive(batch, limit: takesOne ? 1 : sizer.limit)
    }

    /// All workers have ended: sees off what none of them has got.
    func end(through router: Router) async {
        await sequencer?.flush(through: router)
        if let collector { settleLeftovers(collector.leftovers) }
    }

    func makeResults() -> BatchResults {
        let results = BatchResults(ports: ports)
        results.stopsAtFailure = order != .none
        return results
    }

    /// What the job has in common with those that belong to it.
    func key(_ delivery: borrowing Delivery) -> UInt64? { settings.laneKey(delivery) }

    /// Ends what came back to a channel that was cancelled.
    func settleLeftovers(_ leftovers: Batch<Delivery>) { strays.settle(leftovers, .cancelled, at: node, .queued) }

    /// Whether any job may have a deadline or have been stopped; where none has, none is looked at.
    var looksAtContexts: Bool { contexts.isUsed }

    /// How a job ends that is not to be started any more; nil if it is.
    func outcomeWithoutStart(_ delivery: borrowing Delivery, _ now: Duration) -> Outcome? {
        delivery.outcomeWithoutStart(settings.deadline, ledgers, now)
    }

    /// Until when the job may take: the message's deadline, what stages before this one left of it, and this stage's
    /// own, counted from when the message came in.
    func deadline(_ delivery: borrowing Delivery) -> Int { delivery.deadline(settings.deadline, ledgers) }
}

extension PipelineNode {
    /// How the node works; a sink has one worker.
    var settings: StageSettings { if case .stage(let settings, _, _) = role { settings } else { StageSettings() } }
}
