import ServiceLifecycleTestKit
import Tidemill
import TidemillTesting

/// One run of a random pipeline, and what must be true after every one of them.
struct RandomRun {
    private let pipeline: RandomPipeline
    private let simulation: Simulation
    private let report: PipelineReport

    /// Runs the pipeline of the simulation's seed and does to it what the seed says.
    init(_ simulation: Simulation) async throws {
        let random = RandomPipeline(simulation)
        pipeline = random
        self.simulation = simulation
        let pipeline = try Pipeline(
            name: "random",
            nodes: random.nodes,
            deadLetters: random.deadLetters,
            options: random.options
        )
        simulation.watch(pipeline)
        let isLate = random.options.stopGrace < RandomStage.longestNap
        report = try await testGracefulShutdown { trigger in
            let run = simulation.task { try await pipeline.run() }
            let stop = simulation.task {
                try await Self.stop(pipeline, random.stop, simulation, trigger) { run.cancel() }
            }
            let withdrawals = random.withdrawals.map { context, time in
                simulation.task {
                    try await simulation.clock.sleep(for: time)
                    context.withdraw()
                }
            }
            let resizing = random.stages.flatMap { stage in
                stage.resizing.map { resizing in
                    simulation.task {
                        try await simulation.clock.sleep(for: resizing.time)
                        resizing.make(pipeline, stage.name)
                    }
                }
            }
            let result = await run.result
            for task in withdrawals + resizing + [stop] {
                task.cancel()
                _ = await task.result
            }
            let report = try TidemillTesting.report(on: pipeline, result)
            // What was given up comes back in the end.
            if isLate { try await simulation.clock.sleep(for: RandomStage.longestNap) }
            return report
        }
    }

    private static func stop(
        _ pipeline: Pipeline,
        _ stop: RandomStop,
        _ simulation: Simulation,
        _ trigger: GracefulShutdownTestTrigger,
        cancelTask: @Sendable () -> Void
    ) async throws {
        if stop.way == .none { return }
        try await simulation.clock.sleep(for: stop.time)
        for _ in 0..<stop.turns { try await simulation.clock.sleep(for: .zero) }
        simulation.note("\(stop.way)")
        switch stop.way {
        case .none: break
        case .drain: pipeline.drain()
        case .cancel: pipeline.cancel()
        case .drainThenCancel:
            pipeline.drain()
            try await simulation.clock.sleep(for: stop.pause)
            pipeline.cancel()
        case .shutDown: trigger.triggerGracefulShutdown()
        case .cancelTask: cancelTask()
        }
    }

    // MARK: Telling

    /// Everything that two runs of one seed must have in common.
    var summary: String {
        let settled = pipeline.sources.map { $0.script.messageOutcomes.map { $0?.name ?? "?" } }
        let kept = (pipeline.sinks + [pipeline.deadLetters].compactMap(\.self)).map { "\($0.name): \($0.kept.values)" }
        return """
            seed \(simulation.seed): \(simulation.executor.fingerprint) after \(simulation.executor.steps) steps, \
            at \(simulation.clock.now), \(report.books), \(settled), \(kept), \(report.failure.map(\.description) ?? "")
            """
    }

    /// What happened in this run, by name.
    var features: [String] {
        let codes: [(PipelineError.Code, String)] = [
            (.start, "start"), (.source, "source"), (.sink, "sink"), (.stopped, "stopped"),
        ]
        var features = Outcome.allCases.filter { report.books[$0] > 0 }.map(\.name)
        features.append("\(pipeline.stop.way)")
        for stage in pipeline.stages {
            features += ["dispatch \(stage.settings.dispatch)", "order \(stage.settings.order)"]
        }
        if pipeline.stages.contains(where: { !$0.resizing.isEmpty }) { features.append("resized") }
        if report.snapshot.nodes.contains(where: { $0.retried > 0 }) { features.append("retried") }
        if givenUp > 0 { features.append("given up") }
        guard let failure = report.failure else { return features + ["no failure"] }
        return features + codes.filter { $0.0 == failure.code }.map(\.1)
    }

    // MARK: Checks

    /// Checks everything that is true of every run.
    ///
    /// - Throws: ``BrokenRule``.
    func check(endsInTime: Bool = true) throws {
        try checkMessages()
        try checkHandlers()
        try checkSinks()
        try checkBooks()
        try checkOutcomes()
        try checkOrder()
        try checkEnd()
        if endsInTime { try checkTime() }
    }

    /// Every message is settled exactly once, and its source hears how far that is without a gap.
    private func checkMessages() throws {
        for source in pipeline.sources {
            let outcomes = source.script.messageOutcomes
            try rule(outcomes.count == source.script.sentCount, "\(source.name) heard of more messages than it sent")
            for (number, outcome) in outcomes.enumerated() {
                let heard = source.script.acknowledgements[number, default: []]
                try rule(outcome != nil, "message \(number) of \(source.name) was settled as \(heard)")
            }
            let settled = outcomes.prefix { $0?.isSettled ?? false }.count
            try rule(
                source.script.settledCounts.count <= 1,
                "\(source.name) was closed \(source.script.settledCounts.count) times"
            )
            for told in source.script.settledCounts {
                try rule(
                    told == settled,
                    "\(source.name) was told that \(told) messages are settled, not \(settled): \(outcomes.compactMap(\.self))"
                )
            }
        }
        let sent = pipeline.sources.map(\.script.sentCount).reduce(0, +)
        try rule(report.books.taken == sent, "\(report.books.taken) messages were taken of \(sent)")
    }

    private func checkHandlers() throws {
        for stage in pipeline.stages {
            let counts = stage.counts
            // Handlers that don't hear of a stop are closed when they come back, after the end perhaps.
            let left = report.node(stage.name)?.givenUp ?? 0
            try rule(
                (counts.closed...counts.closed + left).contains(counts.opened),
                "\(stage.name) closed \(counts.closed) of \(counts.opened) handlers"
            )
            try rule(counts.misused == 0, "\(stage.name) called handlers while they were at work or closed")
            // Those that don't hear of a stop are at work beside those that take their place.
            if left > 0 { continue }
            let (all, ofOneKey) = (counts.atWork.most, counts.atWork.mostOfOneKey)
            try rule(all <= stage.mostAtWork, "\(stage.name) had \(all) jobs at work")
            try rule(ofOneKey <= stage.mostOfOneKey, "\(stage.name) had \(ofOneKey) jobs of one key at work")
        }
        let filtered = pipeline.stages.map(\.counts.filtered).reduce(0, +)
        let isExact = !pipeline.mayRepeat && givenUp == 0
        let fits = isExact ? report.books[.filtered] == filtered : report.books[.filtered] <= filtered
        try rule(fits, "\(report.books[.filtered]) jobs are filtered of \(filtered)")
    }

    private var givenUp: Int { report.snapshot.nodes.map(\.givenUp).reduce(0, +) }

    /// What sinks have kept is what counts as delivered, and what is with the dead letters has no better outcome.
    private func checkSinks() throws {
        for sink in pipeline.sinks + [pipeline.deadLetters].compactMap(\.self) {
            let calls = sink.kept.calls
            let left = report.node(sink.name)?.givenUp ?? 0
            try rule(
                (calls.closed...calls.closed + left).contains(calls.opened),
                "\(sink.name) was opened \(calls.opened), closed \(calls.closed) times"
            )
        }
        let kept = pipeline.sinks.flatMap(\.kept.integers)
        try rule(report.books[.delivered] == kept.count, "\(report.books[.delivered]) delivered of \(kept.count)")
        let letters = pipeline.deadLetters?.kept.values ?? []
        let dead = report.books[.deadLettered]
        try rule(dead == letters.count, "\(dead) dead letters of \(letters.count)")
        let delivered = Set(kept)
        let buried = Set(letters.compactMap { $0["value"]?.integer })
        for (index, source) in pipeline.sources.enumerated() {
            for (number, outcome) in source.script.messageOutcomes.enumerated() {
                guard let outcome else { continue }
                let value = Int64(index) * RandomSource.spacing + Int64(number)
                let isDelivered = outcome != .delivered || delivered.contains(value)
                try rule(isDelivered, "\(value) counts as delivered and is nowhere")
                let isBuried = outcome >= .deadLettered || !buried.contains(value)
                try rule(isBuried, "\(value) is with the dead letters and counts as \(outcome)")
            }
        }
    }

    /// The nodes' outcomes add up to the pipeline's; only what a cancellation found in channels is no node's.
    private func checkBooks() throws {
        let sum = report.snapshot.nodes.map(\.books).reduce(Books(), +)
        for outcome in Outcome.allCases {
            let (parts, whole) = (sum[outcome], report.books[outcome])
            let fits = outcome == .cancelled ? parts <= whole : parts == whole
            try rule(fits, "the nodes have \(parts) jobs \(outcome.name), the pipeline has \(whole)")
        }
        try rule(sum.taken == report.books.taken && sum.emitted == report.books.emitted, "the nodes' jobs don't add up")
    }

    /// Nothing is cancelled or dropped where nobody asked for it.
    private func checkOutcomes() throws {
        let end = report.snapshot.time
        let isCancelled =
            switch pipeline.stop.way {
            case .none: false
            case .cancel, .cancelTask: end >= pipeline.stop.time
            case .drain, .shutDown: end >= pipeline.stop.time + pipeline.options.shutdownTimeout
            case .drainThenCancel:
                end >= pipeline.stop.time + min(pipeline.stop.pause, pipeline.options.shutdownTimeout)
            }
        if !isCancelled && report.failure == nil && !pipeline.mayCancelJobs {
            try rule(report.books[.cancelled] == 0, "\(report.books[.cancelled]) jobs were cancelled by nobody")
        }
        let mayExpire =
            pipeline.sources.contains { $0.deadline != nil || !$0.contexts.isEmpty }
            || pipeline.stages.contains { $0.settings.deadline != nil }
        try rule(mayExpire || report.books[.expired] == 0, "\(report.books[.expired]) jobs expired without a deadline")
        let mayDrop = pipeline.nodes.contains { node in
            node.onError == .drop || [.dropNewest, .dropOldest].contains(node.channel.overflow)
        }
        try rule(mayDrop || report.books[.dropped] == 0, "\(report.books[.dropped]) jobs were dropped by nobody")
    }

    private func checkOrder() throws {
        let ordered = KeptOrder(pipeline)
        for sink in pipeline.sinks {
            for (number, source) in pipeline.sources.enumerated() {
                let order = ordered.order(from: source.name, in: sink.name)
                let range = Int64(number) * RandomSource.spacing..<Int64(number + 1) * RandomSource.spacing
                let values = sink.kept.integers.filter { range.contains($0) }
                if order == .input {
                    try rule(values == values.sorted(), "\(sink.name) has \(source.name) out of order: \(values)")
                }
                let keys = Dictionary(grouping: values) { RandomSource.key(of: .integer($0)) }
                for (key, values) in keys where order == .key && key != nil {
                    try rule(values == values.sorted(), "\(sink.name) has a key out of order: \(values)")
                }
            }
        }
    }

    /// Only what may fail fails, and nothing is left behind.
    private func checkEnd() throws {
        if let failure = report.failure { try rule(pipeline.mayFail, "the run failed: \(failure)") }
        try rule(simulation.executor.sleeping == 0, "\(simulation.executor.sleeping) timers are left")
    }

    /// A stop takes no longer than the shutdown timeout, and what a handler takes that doesn't hear of it.
    private func checkTime() throws {
        let allowed: Duration
        switch pipeline.stop.way {
        case .none: return
        case .cancel, .cancelTask: allowed = .zero
        case .drain, .shutDown: allowed = pipeline.options.shutdownTimeout
        case .drainThenCancel: allowed = min(pipeline.options.shutdownTimeout, pipeline.stop.pause)
        }
        let latest =
            pipeline.stop.time
            + (pipeline.isQuick && !pipeline.stages.contains(where: \.mayRetry)
                ? .zero : allowed + RandomStage.longestNap)
        try rule(
            report.snapshot.time <= latest || report.snapshot.time <= pipeline.stop.time,
            "it ended at \(report.snapshot.time) and should have by \(latest)"
        )
    }

    private func rule(_ holds: Bool, _ message: @autoclosure () -> String) throws {
        if !holds { throw BrokenRule(description: message()) }
    }
}

/// Something that is true of every run was not.
struct BrokenRule: Error, CustomStringConvertible {
    let description: String
}
