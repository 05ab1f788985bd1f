extension Pipeline {
    /// Looks where every job is: in which channel, with which worker, waiting for which attempt.
    ///
    /// Any thread may call it, at any time; the pipeline goes on meanwhile. It is made for a person who wants to know
    /// why nothing moves, and costs about as much as handling a few hundred jobs.
    public func inspect() -> PipelineInspection {
        let snapshot = snapshot()
        let inspector = Inspector(parts: parts, now: snapshot.time)
        return PipelineInspection(
            name: name,
            time: snapshot.time,
            phase: snapshot.phase,
            books: snapshot.books,
            sources: zip(parts.parts, snapshot.nodes).compactMap { part, node in
                part.ledger.map { inspector.source(node, $0) }
            },
            nodes: zip(parts.parts, snapshot.nodes).compactMap { part, node in inspector.node(part, node) },
            stops: StopInspection(
                count: parts.stopLatency.count,
                median: parts.stopLatency.quantile(0.5),
                p99: parts.stopLatency.quantile(0.99)
            ),
            explanation: snapshot.explanation
        )
    }
}

/// Looks at the parts of a pipeline one after the other.
private struct Inspector {
    private static let most = 10
    private let parts: PipelineParts
    private let now: Duration
    private let workers: [String: [WorkerGlimpse?]]
    /// Why a stage has as many workers as it has.
    private let reasons: [String: String]

    init(parts: PipelineParts, now: Duration) {
        self.parts = parts
        self.now = now
        let pools = parts.runningPools
        workers = Dictionary(pools.map { ($0.node, $0.glimpses) }) { first, _ in first }
        reasons = Dictionary(pools.compactMap { pool in pool.scaling?.reason.map { (pool.node, $0) } }) { first, _ in
            first
        }
    }

    func source(_ node: NodeSnapshot, _ ledger: Ledger) -> SourceInspection {
        let (count, oldest) = ledger.unsettledNow
        return SourceInspection(
            name: node.name,
            inFlight: count,
            oldest: oldest.map { ticket, received in
                InspectedJob(id: ticket.jobID(parts.sources), age: now - .nanoseconds(received))
            },
            done: node.done,
            total: node.total
        )
    }

    func node(_ part: PipelineParts.Part, _ node: NodeSnapshot) -> NodeInspection? {
        guard let input = part.input, let stage = part.stage else { return nil }
        let (count, first, gate) = stage.retries.glimpse(first: Self.most)
        // None yet where the workers are being started.
        let glimpses = workers[node.name] ?? []
        return NodeInspection(
            name: node.name,
            kind: node.kind,
            channel: channel(input),
            workers: part.tallies.all.enumerated().map { number, tally in
                worker(number, tally, glimpses.count > number ? glimpses[number] : nil)
            },
            scaling: scaling(node),
            givenUp: node.givenUp,
            retries: RetryInspection(
                count: count,
                first: first.map { waiting in
                    RetryInspection.Waiting(
                        job: job(waiting.delivery.ticket),
                        attempt: waiting.delivery.attempts.count + 1,
                        dueIn: waiting.until - now
                    )
                }
            ),
            breaker: gate.map(breaker)
        )
    }

    private func channel(_ channel: Channel<Delivery>) -> ChannelInspection {
        let glimpse = channel.glimpse(first: Self.most)
        return ChannelInspection(
            queued: glimpse.queued + glimpse.returned,
            returned: glimpse.returned,
            capacity: channel.limits.capacity,
            bytes: glimpse.bytes,
            waitingSenders: glimpse.senders,
            waitingReceivers: glimpse.receivers,
            isHolding: glimpse.isHolding,
            first: glimpse.first.map { job($0.ticket) }
        )
    }

    private func scaling(_ node: NodeSnapshot) -> ScalingInspection? {
        if node.maxWorkers == nil, node.scaling.isEmpty { return nil }
        return ScalingInspection(
            workers: node.workers,
            max: node.maxWorkers,
            reason: reasons[node.name] ?? node.scaling.last?.reason,
            changes: node.scaling
        )
    }

    private func breaker(_ gate: CircuitBreaker.Gate) -> BreakerState {
        switch gate {
        case .open: .closed
        case .shut(let until): .open(for: max(until - now, .zero))
        case .trial: .trial
        }
    }

    private func worker(_ index: Int, _ tally: Tally, _ glimpse: WorkerGlimpse?) -> WorkerInspection {
        let state: WorkerInspection.State =
            glimpse == nil ? .absent : glimpse?.job != nil ? .atWork : tally.isBusy ? .busy : .idle
        return WorkerInspection(
            number: index + 1,
            state: state,
            job: glimpse?.job.map { job($0.ticket) },
            jobs: glimpse?.count ?? 0,
            attempt: glimpse?.job.map { $0.attempts.count + 1 } ?? 0,
            workingFor: glimpse?.job == nil ? .zero : max(now - (glimpse?.since ?? now), .zero),
            timeLeft: glimpse?.due.map { $0 - now },
            stopReason: glimpse?.stop.map { "\($0.reason)" },
            stoppingFor: glimpse?.stop.map { max(now - $0.time, .zero) }
        )
    }

    private func job(_ ticket: Ticket) -> InspectedJob {
        let received = parts.ledgers[ticket.source].receivedIfUnsettled(ticket)
        return InspectedJob(
            id: ticket.jobID(parts.sources),
            age: received.map { max(now - .nanoseconds($0), .zero) }
        )
    }
}
