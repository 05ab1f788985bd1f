import Logging

/// One run of a pipeline from start to end: every node as a task, every worker as a task under it.
struct PipelineRun {
    private let parts: PipelineParts
    private let options: PipelineOptions
    private let gate: StartGate

    init(_ parts: PipelineParts, _ options: PipelineOptions) {
        self.parts = parts
        self.options = options
        gate = StartGate(parts: parts.parts.map(\.tallies.count).reduce(0, +))
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
        parts.control.end()
    }

    private func run(_ part: PipelineParts.Part) async {
        switch part.node.role {
        case .source(let source): await run(source, part)
        case .stage(let settings, let factory, _): await run(settings, factory, part)
        case .sink(let sink): await run(sink, part)
        }
        parts.finish(part)
    }

    // MARK: Sources

    private func run(_ source: any Source, _ part: PipelineParts.Part) async {
        let pool = threads(source.blocksItsThread ? 1 : 0, part)
        let task = Task(executorPreference: options.executor ?? pool) {
            guard await gate.pass(), !parts.control.isCancelled, let output = output(part) else { return }
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

    private func output(_ part: PipelineParts.Part) -> SourceOutput? {
        guard let ledger = part.ledger, let progress = part.progress else { return nil }
        return SourceOutput(
            name: part.node.name,
            logger: parts.logger(part.node.name),
            clock: options.clock,
            ledger: ledger,
            router: parts.router(part, tally: part.tallies[0]),
            progress: progress
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

    // MARK: Stages

    private func run(_ settings: StageSettings, _ factory: @escaping ProcessorFactory, _ part: PipelineParts.Part) async
    {
        let threads = settings.ownThreads ? min(part.tallies.count, Self.cores) : 0
        let pool = self.threads(threads, part)
        let sequencer = settings.order == .input ? Sequencer(window: 2 * part.tallies.count) : nil
        await withDiscardingTaskGroup { group in
            for number in part.tallies.indices {
                group.addTask(executorPreference: options.executor ?? pool) {
                    await work(part, number, sequencer: sequencer) { try await factory($0) }
                }
            }
        }
        pool?.stop()
    }

    private func work(
        _ part: PipelineParts.Part,
        _ number: Int,
        sequencer: Sequencer?,
        _ make: (WorkerContext) async throws -> any Processor
    ) async {
        let processor: any Processor
        do {
            processor = try await make(context(part, number))
        } catch is CancellationError where parts.control.isCancelled {
            return gate.fail()
        } catch {
            parts.cancel(PipelineError(.start, node: part.node.name, error))
            return gate.fail()
        }
        guard let input = part.input, await gate.pass() else { return await processor.close() }
        let worker = Worker(
            input: input,
            processor: processor,
            router: parts.router(part, tally: part.tallies[number]),
            ports: part.ports.count,
            sequencer: sequencer,
            clock: options.clock
        )
        await worker.run()
    }

    private func context(_ part: PipelineParts.Part, _ number: Int) -> WorkerContext {
        var logger = parts.logger(part.node.name)
        logger[metadataKey: "worker"] = "\(number + 1)"
        return WorkerContext(
            stage: part.node.name,
            worker: number + 1,
            logger: logger,
            clock: options.clock,
            ports: part.ports,
            rendersJSONLines: part.rendersJSONLines,
            sources: parts.sources,
            ledgers: parts.ledgers
        )
    }

    // MARK: Sinks

    private func run(_ sink: any Sink, _ part: PipelineParts.Part) async {
        let pool = threads(sink.blocksItsThread ? 1 : 0, part)
        await withDiscardingTaskGroup { group in
            group.addTask(executorPreference: options.executor ?? pool) {
                await work(part, 0, sequencer: nil) { _ in
                    try await sink.open()
                    return SinkProcessor(sink, name: part.node.name) { parts.cancel($0) }
                }
            }
        }
        pool?.stop()
    }

    /// Threads of a node's own, where it needs some and the pipeline has no executor for everything.
    private func threads(_ count: Int, _ part: PipelineParts.Part) -> ThreadPool? {
        count > 0 && options.executor == nil ? ThreadPool(name: part.node.name, count: count) : nil
    }

    static let cores = onlineProcessors()
}
