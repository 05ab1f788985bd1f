import Logging

/// What the workers of a node share: where jobs come from, and what the configuration says about how they are handled.
final class Stage: Sendable {
    let input: Channel<Delivery>
    let sequencer: Sequencer?
    let retries: Retries
    let clock: any PipelineClock
    /// Whether it writes whole batches.
    let isSink: Bool
    private let ports: Int
    private let deadline: Duration?
    private let contexts: ContextRegistry
    private let ledgers: [Ledger]

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
        let sequencer = settings.order == .input ? Sequencer(window: 2 * settings.workers) { input.hasReturns } : nil
        self.input = input
        self.sequencer = sequencer
        self.ports = ports
        self.contexts = contexts
        self.ledgers = ledgers
        clock = options.clock
        isSink = node.isSink
        deadline = settings.deadline
        if deadline != nil { contexts.note() }
        retries = Retries(
            settings,
            channel: input,
            options: options,
            timers: timers,
            deadline: { Self.deadline($0, settings.deadline, ledgers) },
            settle: { strays.settle($0, $1, at: node.name, .waiting) },
            returned: { sequencer?.wakeForReturn() },
            report: { Self.report($0, node.name, options.logger) }
        )
    }

    private static func report(_ gate: CircuitBreaker.Gate, _ node: String, _ logger: Logger) {
        let metadata: Logger.Metadata = ["node": "\(node)"]
        switch gate {
        case .open: logger.notice("jobs succeed again: the circuit breaker has closed", metadata: metadata)
        case .trial: logger.info("the circuit breaker lets one job through on trial", metadata: metadata)
        case .shut: logger.warning("too many jobs fail: the circuit breaker takes no more for now", metadata: metadata)
        }
    }

    func makeResults() -> BatchResults {
        let results = BatchResults(ports: ports)
        results.stopsAtFailure = sequencer != nil
        return results
    }

    /// Whether any job may have a deadline or have been stopped; where none has, none is looked at.
    var looksAtContexts: Bool { contexts.isUsed }

    /// How a job ends that is not to be started any more; nil if it is.
    func outcomeWithoutStart(_ delivery: borrowing Delivery, _ now: Duration) -> Outcome? {
        if let reason = ledgers[delivery.ticket.source].stopReason(delivery.ticket) {
            return reason.outcome ?? .cancelled
        }
        return deadline(delivery) <= now.nanoseconds ? .expired : nil
    }

    /// Until when the job may take: the message's deadline, what stages before this one left of it, and this stage's
    /// own, counted from when the message came in.
    func deadline(_ delivery: borrowing Delivery) -> Int { Self.deadline(delivery, deadline, ledgers) }

    private static func deadline(_ delivery: borrowing Delivery, _ own: Duration?, _ ledgers: [Ledger]) -> Int {
        let ledger = ledgers[delivery.ticket.source]
        let own = own.map { ledger.received(delivery.ticket) + $0.nanoseconds } ?? .max
        return min(own, ledger.deadline(delivery.ticket, delivery.job.details))
    }
}

extension PipelineNode {
    /// How the node works; a sink has one worker.
    var settings: StageSettings { if case .stage(let settings, _, _) = role { settings } else { StageSettings() } }
}
