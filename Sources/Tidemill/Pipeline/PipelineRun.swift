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
        let work = Task {
            await withDiscardingTaskGroup { group in
                for part in parts.parts { group.addTask { await run(part) } }
            }
        }
        parts.control.add(work: work)
        await work.value
        await parts.end()
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
        guard let ledger = part.ledger, let progress = part.progress else { return }
        let pool = source.blocksItsThread ? ThreadPool(name: part.node.name, count: 1) : nil
        let task = Task(executorPreference: pool) {
            guard await gate.pass(), !parts.control.isCancelled else { return }
            let output = SourceOutput(
                name: part.node.name,
                logger: parts.logger(part.node.name),
                clock: options.clock,
                ledger: ledger,
                router: parts.router(part, tally: part.tallies[0]),
                progress: progress
            )
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

    // MARK: Stages

    private func run(_ settings: StageSettings, _ factory: @escaping ProcessorFactory, _ part: PipelineParts.Part) async
    {
        let threads = settings.ownThreads ? min(part.tallies.count, Self.cores) : 0
        let pool = threads > 0 ? ThreadPool(name: part.node.name, count: threads) : nil
        let sequencer = settings.order == .input ? Sequencer(window: 2 * part.tallies.count) : nil
        await withDiscardingTaskGroup { group in
            for number in part.tallies.indices {
                group.addTask(executorPreference: pool) {
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
        let pool = sink.blocksItsThread ? ThreadPool(name: part.node.name, count: 1) : nil
        await withDiscardingTaskGroup { group in
            group.addTask(executorPreference: pool) {
                await work(part, 0, sequencer: nil) { _ in
                    try await sink.open()
                    return SinkProcessor(sink, name: part.node.name) { parts.cancel($0) }
                }
            }
        }
        pool?.stop()
    }

    static let cores = onlineProcessors()
}
