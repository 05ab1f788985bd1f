import Logging
import Synchronization

/// The workers of a node, each a task: starts them, renews and replaces them, and knows when all have ended.
///
/// The tasks are not children of the task that waits for them: one that can't be stopped must not hold up the end.
final class WorkerPool: Sendable {
    private struct State {
        var live = 0
        var watches: [WorkerWatch?] = []
        var givenUp = 0
        var isCancelled = false
        var end: UnsafeContinuation<Void, Never>?
    }

    private let parts: PipelineParts
    private let part: PipelineParts.Part
    private let stage: Stage
    private let settings: StageSettings
    private let threads: ThreadPool?
    private let gate: StartGate
    private let make: ProcessorFactory
    private let state = Mutex(State())

    init(
        _ parts: PipelineParts,
        _ part: PipelineParts.Part,
        _ stage: Stage,
        _ settings: StageSettings,
        gate: StartGate,
        make: @escaping ProcessorFactory
    ) {
        self.parts = parts
        self.part = part
        self.stage = stage
        self.settings = settings
        self.gate = gate
        self.make = make
        let count = settings.ownThreads ? min(part.tallies.count, onlineProcessors()) : 0
        let ownThreads = count > 0 && parts.options.executor == nil
        threads = ownThreads ? ThreadPool(name: part.node.name, count: count) : nil
    }

    /// Runs the workers until all have ended.
    func run() async {
        state.withLock { state in
            state.live = part.tallies.count
            state.watches = part.tallies.map { _ in nil }
        }
        for number in part.tallies.indices {
            start(number) {
                await self.gate.pass()
            } orFail: {
                self.gate.fail()
            }
        }
        await withUnsafeContinuation { continuation in
            let isOver = state.withLock { state in
                state.end = continuation
                return state.live == 0
            }
            if isOver { continuation.resume() }
        }
        await stage.sequencer?.flush(through: parts.router(part, tally: part.tallies[0]))
        threads?.stop()
    }

    /// Stops all workers for good.
    func cancel() {
        let watches = state.withLock { state in
            state.isCancelled = true
            return state.watches
        }
        for watch in watches { watch?.cancel() }
        stage.retries.cancel()
        stage.sequencer?.cancel()
    }

    /// Stops the jobs of one message.
    func stop(_ ticket: Ticket, _ reason: StopReason) {
        stage.retries.stop(ticket, reason)
        for watch in state.withLock({ $0.watches }) { watch?.stop(ticket, reason) }
    }

    /// The node's name, and what each of its workers is at; nil for one that has ended.
    func glimpses() -> (node: String, workers: [WorkerGlimpse?]) {
        (part.node.name, state.withLock { $0.watches }.map { $0?.glimpse() })
    }

    // MARK: One worker

    /// Starts a worker; it begins to work once `mayBegin` says so.
    private func start(
        _ number: Int,
        _ mayBegin: @escaping @Sendable () async -> Bool,
        orFail fail: @escaping @Sendable () -> Void
    ) {
        let watch = WorkerWatch(
            stage.clock,
            parts.timers,
            timeout: settings.timeout,
            grace: parts.options.stopGrace,
            latency: part.stops
        ) { [weak self] in self?.replace(number, $0) }
        state.withLock { $0.watches[number] = watch }
        launch(watch) {
            guard let processor = await self.makeProcessor(number, watch) else {
                fail()
                return self.end(number)
            }
            guard await mayBegin() else {
                await processor.close()
                return self.end(number)
            }
            let router = self.parts.router(self.part, tally: self.part.tallies[number])
            await self.run(Worker(self.stage, processor: processor, router: router, watch: watch), number)
        }
    }

    private func launch(_ watch: WorkerWatch, _ body: @escaping @Sendable () async -> Void) {
        watch.launch { Task(executorPreference: parts.options.executor ?? threads, operation: body) }
        if state.withLock({ $0.isCancelled }) { watch.cancel() }
    }

    private func makeProcessor(_ number: Int, _ watch: WorkerWatch) async -> (any Processor)? {
        do {
            return try await make(parts.workerContext(part, number, watch))
        } catch  where parts.control.isCancelled {
            // A script that is interrupted in its `init` says so in an error of its own.
            parts.logger(part.node.name).info(
                "a worker was stopped before it was ready",
                metadata: ["error": "\(error)"]
            )
            return nil
        } catch {
            parts.cancel(PipelineError(.start, node: part.node.name, error))
            return nil
        }
    }

    private func run(_ worker: Worker, _ number: Int) async {
        switch await worker.run() {
        case .finished: end(number)
        case .renewed: launch(worker.watch) { await self.run(worker, number) }
        case .givenUp:
            threads?.takeThreadBack()
            await worker.close()
        }
    }

    private func end(_ number: Int) {
        let end = state.withLock { state -> UnsafeContinuation<Void, Never>? in
            state.watches[number] = nil
            state.live -= 1
            return state.live == 0 ? state.end : nil
        }
        end?.resume()
    }

    // MARK: Replacement

    /// A worker can't be stopped: its job ends, the others of its batch go back, and another worker takes its place.
    private func replace(_ number: Int, _ given: GivenUp) {
        let (count, isCancelled) = state.withLock { state in
            state.givenUp += 1
            return (state.givenUp, state.isCancelled)
        }
        threads?.replaceThread()
        part.givenUp.add(1)
        part.tallies[number].isBusy = false
        let job = given.deliveries[given.stuck.lowerBound].delivery.ticket.jobID(parts.sources)
        parts.logger(part.node.name).error(
            "a worker can't be stopped and is given up",
            metadata: ["worker": "\(number + 1)", "job": "\(job)", "reason": "\(given.reason)"]
        )
        if count > settings.maxStuckWorkers, !isCancelled {
            parts.cancel(
                PipelineError(
                    .stuck,
                    node: part.node.name,
                    "\(count) workers could not be stopped, the last one at job \(job)"
                )
            )
        }
        Task(executorPreference: parts.options.executor) {
            await self.settle(given, number)
            if self.parts.control.isCancelled { return self.end(number) }
            self.start(number, { true }, orFail: {})
        }
    }

    private func settle(_ given: GivenUp, _ number: Int) async {
        let router = parts.router(part, tally: part.tallies[number])
        for (index, (delivery, position)) in given.deliveries.enumerated() {
            guard given.stuck.contains(index) else {
                stage.input.expect(1)
                let leftovers = stage.input.giveBack(delivery, position: position)
                parts.strays.settle(leftovers, .cancelled, at: part.node.name, .queued)
                stage.sequencer?.wakeForReturn()
                continue
            }
            let results = stage.makeResults()
            let failure = JobFailure(.stuck, "the handler could not be stopped, and its worker was given up")
            results.stop(delivery, given.reason, timeout: failure)
            router.counts.attempts.add(results.failures)
            if let sequencer = stage.sequencer {
                _ = await sequencer.deliver(results, start: position, end: position + 1, through: router)
            } else {
                await router.forward(results)
            }
        }
    }
}
