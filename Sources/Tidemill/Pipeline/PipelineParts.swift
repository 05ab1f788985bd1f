import Logging
import Synchronization

/// The parts of a pipeline, made from its nodes and linked: who takes from which channel and sends where.
final class PipelineParts: Sendable {
    struct Part: Sendable {
        let node: PipelineNode
        /// The channel in front of it; nil for a source.
        let input: Channel<Delivery>?
        /// The channels that read it, by port.
        let routes: [[Channel<Delivery>]]
        /// The names of the nodes that read it.
        let readers: [String]
        let ports: [String]
        /// For each port, whether everything that reads it wants JSON lines.
        let rendersJSONLines: [Bool]
        /// How long its jobs took to stop.
        let stops: StopLatency
        let tallies: Tallies
        /// How many workers it has.
        let size: PoolSize
        /// What its own threads have computed.
        let threadClocks = ThreadClocks()
        let failures = FailureCounts()
        let progress: SourceProgress?
        /// The ledger of a source.
        let ledger: Ledger?
        /// What the workers of any other node share.
        let stage: Stage?
        /// Every channel that it sends into, each once: those of its routes, and the dead letters.
        let downstream: [Channel<Delivery>]
        /// How many workers could not be stopped.
        let givenUp = SharedCount()
    }

    let parts: [Part]
    let control = PipelineControl()
    let contexts: ContextRegistry
    let timers: Timers
    let strays: Strays
    let stopLatency: StopLatency
    let leftovers: LeftoverLog
    /// The nodes' workers, while the pipeline runs.
    private let pools = Mutex<[WorkerPool]>([])
    let ledgers: [Ledger]
    let sources: [String]
    let options: PipelineOptions
    private let policies = Mutex<[String: FailurePolicy]>([:])
    private let deadLetters: Channel<Delivery>?
    private let takesJobsBack: Bool
    /// How many nodes still send into a channel; the last one that ends closes it.
    private let writers: Mutex<[ObjectIdentifier: Int]>

    init(nodes: [PipelineNode], deadLetters: (any Sink)?, options: PipelineOptions) throws(PipelineError) {
        let wiring = try Wiring(nodes)
        for node in nodes {
            guard let conflict = node.settings.conflicts(with: node.channel).first else { continue }
            throw PipelineError(.wiring, node: node.name, "\(conflict.field): \(conflict.problem)")
        }
        let all = nodes + (deadLetters.map { [PipelineNode(name: "dead_letters", role: .sink($0))] } ?? [])
        let timers = Timers(options.clock, executor: options.executor)
        let inFlight = 1 << (Int.bitWidth - (max(options.inFlight, 1) - 1).leadingZeroBitCount)
        let contexts = ContextRegistry()
        let ledgers = nodes.filter(\.isSource).enumerated().map { source, node in
            Ledger(source: source, capacity: inFlight, siblings: node.onSiblingFailure, contexts: contexts)
        }
        let channels = all.map { node -> Channel<Delivery>? in
            if node.isSource { return nil }
            let rules = StageRules(node.settings, options.clock, contexts, ledgers)
            return Channel(limits: node.channel, rules: rules.channel, timers: timers, clock: options.clock)
        }
        let letters = deadLetters == nil ? nil : channels.last ?? nil
        let leftovers = LeftoverLog(ledgers, clock: options.clock, limit: options.leftoverDetails)
        let strays = Strays(ledgers, leftovers)
        let stopLatency = StopLatency()
        var parts: [Part] = []
        var sources = ledgers.makeIterator()
        var writers: [ObjectIdentifier: Int] = [:]
        for (number, node) in all.enumerated() {
            let outputs = number < nodes.count ? wiring.outputs[number] : Wiring.Outputs()
            if node.deadline != nil { contexts.note() }
            let routes = outputs.readers.map { $0.compactMap { channels[$0] } }
            // Every node may send to the dead letters but the dead letters' own.
            let targets = number < nodes.count ? routes.joined() + [letters].compactMap(\.self) : []
            var seen: Set<ObjectIdentifier> = []
            let part = Part(
                node: node,
                input: channels[number],
                routes: routes,
                readers: Set(outputs.readers.joined()).sorted().map { all[$0].name },
                ports: outputs.ports,
                rendersJSONLines: outputs.readers.map { $0.allSatisfy { all[$0].acceptsJSONLines } },
                stops: StopLatency(partOf: stopLatency),
                tallies: Tallies(count: node.settings.dispatch == .perJob ? 1 : node.settings.workers),
                size: PoolSize(node.settings.workers),
                progress: node.isSource ? SourceProgress() : nil,
                ledger: node.isSource ? sources.next() : nil,
                stage: channels[number].map { channel in
                    Stage(node, channel, ports: outputs.ports.count, options, timers, contexts, strays, ledgers)
                },
                downstream: targets.filter { seen.insert(ObjectIdentifier($0)).inserted }
            )
            for channel in part.downstream { writers[ObjectIdentifier(channel), default: 0] += 1 }
            parts.append(part)
        }
        self.parts = parts
        self.stopLatency = stopLatency
        self.ledgers = ledgers
        self.contexts = contexts
        self.timers = timers
        self.strays = strays
        self.leftovers = leftovers
        self.options = options
        self.writers = Mutex(writers)
        self.sources = nodes.filter(\.isSource).map(\.name)
        self.deadLetters = letters
        takesJobsBack = nodes.allSatisfy { node in
            if case .source(let source) = node.role { source.takesJobsBack } else { true }
        }
    }

    /// All tasks of the run have ended.
    ///
    /// A ``cancel(_:)`` on another thread may still be settling what it took out of the channels, and the books must
    /// have it.
    func settle() async { await cancels.wait() }

    private let cancels = CallsInProgress()

    // MARK: Making

    func router(_ part: Part, tally: Tally) -> Router {
        Router(
            routes: part.routes,
            failures: policy(part.node),
            ledgers: ledgers,
            tally: tally,
            counts: part.failures,
            control: control,
            clock: options.clock,
            leftovers: leftovers
        )
    }

    /// The node's policy, which its workers share.
    private func policy(_ node: PipelineNode) -> FailurePolicy {
        if let policy = policies.withLock({ $0[node.name] }) { return policy }
        let policy = makePolicy(node)
        policies.withLock { $0[node.name] = policy }
        return policy
    }

    private func makePolicy(_ node: PipelineNode) -> FailurePolicy {
        let logger = logger(node.name)
        let names = sources
        let (clock, random, script) = (options.clock, options.random, node.script)
        let jobID: @Sendable (Ticket) -> String = { $0.jobID(names) }
        return FailurePolicy(
            node: node.name,
            policy: node.onError ?? defaultPolicy(node),
            deadLetters: deadLetters,
            record: { delivery, failure in
                DeadLetter.record(
                    delivery,
                    failure,
                    job: jobID(delivery.ticket),
                    stage: node.name,
                    script: script,
                    clock: clock,
                    random: random()
                )
            },
            jobID: jobID,
            stop: { [weak self] in self?.cancel($0) },
            logger: logger
        )
    }

    func workerContext(
        _ part: Part,
        _ number: Int,
        _ watch: WorkerWatch,
        executor: (any TaskExecutor)?
    ) -> WorkerContext {
        WorkerContext(
            stage: part.node.name,
            worker: number + 1,
            stageLogger: policy(part.node).logger,
            clock: options.clock,
            ports: part.ports,
            rendersJSONLines: part.rendersJSONLines,
            sources: sources,
            ledgers: ledgers,
            executor: executor,
            stopGrace: options.stopGrace,
            watch: watch
        )
    }

    func logger(_ node: String) -> Logger {
        var logger = options.logger
        logger[metadataKey: "node"] = "\(node)"
        return logger
    }

    private func defaultPolicy(_ node: PipelineNode) -> ErrorPolicy {
        if deadLetters != nil { return .deadLetter }
        return node.isSource || takesJobsBack ? .reject : .stop
    }

    // MARK: Beginning

    /// All nodes are ready.
    func open() {
        let now = options.clock.now
        guard control.open(at: now) else { return }
        for part in parts { part.size.begin(at: now) }
        for pool in runningPools { pool.scaling?.start(pool) }
    }

    // MARK: Ending

    /// One node will send no more: channels that nobody else sends into are closed.
    func finish(_ part: Part) {
        for channel in part.downstream { finish(channel) }
    }

    private func finish(_ channel: Channel<Delivery>) {
        let isLast = writers.withLock { writers in
            writers[ObjectIdentifier(channel), default: 1] -= 1
            return writers[ObjectIdentifier(channel)] == 0
        }
        if isLast { channel.finish() }
    }

    /// Stops everything now and settles what is queued.
    func cancel(_ failure: PipelineError? = nil) {
        cancels.enter()
        defer { cancels.leave() }
        control.cancel(failure)
        for part in parts {
            guard let channel = part.input else { continue }
            strays.settle(channel.cancel(), .cancelled, at: part.node.name, .queued)
        }
    }

    // MARK: Watching

    var runningPools: [WorkerPool] { pools.withLock { $0 } }

    func add(_ pool: WorkerPool) { pools.withLock { $0.append(pool) } }

    func removePools() { pools.withLock { $0 = [] } }

    func snapshot(name: String) -> PipelineSnapshot {
        let books = parts.flatMap(\.tallies.all).map(\.books).reduce(strays.books, +)
        let now = options.clock.now
        let (opened, ended) = control.times
        let end = ended ?? now
        return PipelineSnapshot(
            name: name,
            time: now,
            runTime: opened.map { end - $0 } ?? .zero,
            books: books,
            nodes: parts.map { NodeSnapshot($0, at: end) },
            phase: control.phase,
            isDraining: control.isDraining
        )
    }
}

extension PipelineNode {
    var acceptsJSONLines: Bool { if case .sink(let sink) = role { sink.acceptsJSONLines } else { false } }
}
