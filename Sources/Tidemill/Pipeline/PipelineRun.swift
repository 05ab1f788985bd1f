import Logging

/// One run of a pipeline from start to end: every node as a task, every worker as a task under it.
struct PipelineRun {
    private let parts: PipelineParts
    private let options: PipelineOptions
    private let gate: StartGate

    init(_ parts: PipelineParts, _ options: PipelineOptions) {
        self.parts = parts
        self.options = options
        gate = StartGate(parts: parts.parts.map(\.node.starters).reduce(0, +))
    }

    func run() async {
        // Not a child of the caller's task: that one's cancellation goes through `Pipeline.cancel`, which also wakes
        // whoever waits at a channel.
        let work = Task(executorPreference: options.executor) {
            await withDiscardingTaskGroup { group in
                for part in parts.parts { group.addTask { await run(part) } }
            }
        }
        parts.control.add(work: work)
        await work.value
        await parts.settle()
        if gate.hasOpened { await closeSources() }
        endSubmissions()
        parts.timers.end()
        parts.contexts.end()
        parts.removePools()
        parts.control.end(at: options.clock.now)
    }

    private func run(_ part: PipelineParts.Part) async {
        switch part.node.role {
        case .source(let source): await run(source, part)
        case .stage(let settings, let factory, _): await run(part, settings, factory)
        case .sink(let sink): await run(part, settings(sink), processor(sink, part))
        }
        parts.finish(part)
    }

    // MARK: Sources

    private func run(_ source: any Source, _ part: PipelineParts.Part) async {
        let needsThread = source.blocksItsThread && options.executor == nil
        let pool = needsThread ? ThreadPool(name: part.node.name, count: 1, clocks: part.threadClocks) : nil
        let task = Task(executorPreference: options.executor ?? pool) {
            guard await gate.pass() else { return }
            await meetWorkers()
            parts.open()
            guard !parts.control.isCancelled, let output = output(part) else { return }
            do {
                try await source.run(output)
            } catch is CancellationError where Task.isCancelled || parts.control.isCancelled {
                // It was asked to stop.
            } catch {
                parts.cancel(PipelineError(.source, node: part.node.name, error))
            }
        }
        parts.control.add(source: task)
        await task.value
        pool?.stop()
    }

    /// Waits until the workers stand ready where a job is refused unless one does: those that are ready to work may not
    /// have come to the channel yet.
    private func meetWorkers() async {
        for part in parts.parts {
            guard let input = part.input, input.limits.capacity == 0, input.limits.overflow != .block else { continue }
            // There may be fewer by now than there were to be.
            while input.mostWaitingReceivers < min(part.node.starters, part.size.value), !parts.control.isDraining {
                await Task.yield()
            }
        }
    }

    private func output(_ part: PipelineParts.Part) -> SourceOutput? {
        guard let ledger = part.ledger, let progress = part.progress else { return nil }
        return SourceOutput(
            name: part.node.name,
            logger: parts.logger(part.node.name),
            clock: options.clock,
            executor: options.executor,
            ledger: ledger,
            router: parts.router(part, tally: part.tallies[0]),
            progress: progress,
            timeToLive: part.node.deadline
        )
    }

    /// Lets the sources write down how far they came, now that every message has an outcome.
    private func closeSources() async {
        for part in parts.parts {
            guard case .source(let source) = part.node.role, let output = output(part) else { continue }
            do {
                try await source.close(output)
            } catch {
                parts.control.cancel(PipelineError(.source, node: part.node.name, error))
            }
        }
    }

    /// Tells those who submitted jobs that nobody took.
    private func endSubmissions() {
        for part in parts.parts {
            if case .source(let source) = part.node.role, let submissions = source as? Submissions { submissions.end() }
        }
    }

    // MARK: Stages and sinks

    private func run(_ part: PipelineParts.Part, _ settings: StageSettings, _ make: @escaping ProcessorFactory) async {
        guard let stage = part.stage else { return }
        let pool = WorkerPool(parts, part, stage, settings, gate: gate, make: make)
        parts.add(pool)
        parts.control.onCancel { pool.cancel() }
        parts.contexts.add { pool.stop($0, $1) }
        await pool.run()
    }

    private func settings(_ sink: any Sink) -> StageSettings { StageSettings(ownThreads: sink.blocksItsThread) }

    private func processor(_ sink: any Sink, _ part: PipelineParts.Part) -> ProcessorFactory {
        { worker in
            try await sink.open(SinkContext(name: worker.stage, logger: worker.stageLogger, clock: worker.clock))
            return SinkProcessor(sink, worker) { parts.cancel($0) }
        }
    }
}

extension PipelineNode {
    /// How many have to be ready before the pipeline starts.
    fileprivate var starters: Int { settings.dispatch == .perJob ? 1 : settings.workers }
}
