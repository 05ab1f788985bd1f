/// What a stage's channel asks of jobs before a worker may have them.
struct StageRules: Sendable {
    private let settings: StageSettings
    private let clock: any PipelineClock
    private let contexts: ContextRegistry
    private let ledgers: [Ledger]

    init(_ settings: StageSettings, _ clock: any PipelineClock, _ contexts: ContextRegistry, _ ledgers: [Ledger]) {
        self.settings = settings
        self.clock = clock
        self.contexts = contexts
        self.ledgers = ledgers
    }

    var channel: ChannelRules<Delivery> {
        var rules = ChannelRules<Delivery>(cost: { $0.job.value.footprint })
        if settings.usesLanes {
            rules.lanes = LaneRules(
                key: { settings.laneKey($0) },
                isExclusive: settings.dispatch == .key || settings.order == .key,
                isOrdered: settings.order == .key,
                most: settings.maxPerKey
            )
        }
        guard let asker = settings.rateLimit?.asker() else { return rules }
        switch asker.limit.overflow {
        case .block: rules.admit = { turn($0, asker) }
        case .shed: rules.isShed = { asker.take(1, key: settings.laneKey($0), now: clock.now).count == 0 }
        }
        return rules
    }

    /// When a job may be taken: nil is now.
    ///
    /// One that will not be started any more goes on without a token, and none waits longer than its deadline.
    private func turn(_ delivery: borrowing Delivery, _ asker: RateAsker) -> Duration? {
        let now = clock.now
        if contexts.isUsed, delivery.outcomeWithoutStart(settings.deadline, ledgers, now) != nil { return nil }
        let grant = asker.take(1, key: asker.limit.isPerKey ? settings.laneKey(delivery) : nil, now: now)
        if grant.count > 0 { return nil }
        let deadline = contexts.isUsed ? delivery.deadline(settings.deadline, ledgers) : .max
        return min(grant.next ?? now, .nanoseconds(deadline))
    }
}

extension StageSettings {
    /// Whether jobs of one key are kept apart in the queue.
    var usesLanes: Bool {
        dispatch == .key || order == .key || maxPerKey != nil || rateLimit?.waitsPerKey ?? false
    }

    /// The key of a job, as lanes know it.
    func laneKey(_ delivery: borrowing Delivery) -> UInt64? {
        guard let key = key(delivery.job) else { return nil }
        var hasher = Hasher()
        hasher.combine(key)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}

extension Delivery {
    /// How the job ends that is not to be started any more at a stage with that deadline of its own; nil if it is.
    borrowing func outcomeWithoutStart(_ own: Duration?, _ ledgers: [Ledger], _ now: Duration) -> Outcome? {
        // A dead letter is written whatever has become of its message meanwhile.
        if let details = job.details, details.failure != nil { return nil }
        if let reason = ledgers[ticket.source].stopReason(ticket) { return reason.outcome ?? .cancelled }
        return deadline(own, ledgers) <= now.nanoseconds ? .expired : nil
    }

    /// Until when the job may take at a stage with that deadline of its own.
    borrowing func deadline(_ own: Duration?, _ ledgers: [Ledger]) -> Int {
        let ledger = ledgers[ticket.source]
        let own = own.map { ledger.received(ticket) + $0.nanoseconds } ?? .max
        return min(own, ledger.deadline(ticket, job.details))
    }
}
