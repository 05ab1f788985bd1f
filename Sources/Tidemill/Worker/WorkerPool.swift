import Logging
import Synchronization

/// The workers of a node, each a task: starts them, renews and replaces them, and knows when all have ended.
///
/// The tasks are not children of the task that waits for them: one that can't be stopped must not hold up the end.
final class WorkerPool: Sendable {
    private struct State {
        /// How many workers there are to be.
        var size: Int
        /// How many stay of those that there are: without those that are to leave, and have left at the end.
        var staying: Int
        /// The numbers of those that there are, those that start or leave included.
        var taken: Set<Int>
        var watches: [WorkerWatch?] = []
        var givenUp = 0
        var isCancelled = false
        var isOver = false
        var end: UnsafeContinuation<Void, Never>?
    }

    let parts: PipelineParts
    let part: PipelineParts.Part
    let stage: Stage
    let gate: StartGate
    let threads: ThreadPool?
    /// Where every job has a task of its own: which workers have none.
    let seats: Seats?
    let settings: StageSettings
    /// What decides how many workers there are; nil where nothing does.
    let scaling: StageScaling?
    private let make: ProcessorFactory
    private let state: Mutex<State>

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
        scaling = settings.scaling.map { StageScaling($0, parts) }
        state = Mutex(State(size: settings.workers, staying: settings.workers, taken: Set(0..<settings.workers)))
        seats = settings.dispatch == .perJob ? Seats(settings.workers) : nil
        let ownThreads = (settings.ownThreads || settings.scaling != nil) && parts.options.executor == nil
        let count = min(settings.workers, onlineProcessors())
        threads = ownThreads ? ThreadPool(name: part.node.name, count: count, clocks: part.threadClocks) : nil
    }

    /// Where the workers' tasks run; nil is Swift's own threads.
    var executor: (any TaskExecutor)? { parts.options.executor ?? threads }

    /// The node's name.
    var node: String { part.node.name }

    /// How many workers there are to be, and how many there are, those that start or leave included.
    var counts: (size: Int, alive: Int) { state.withLock { ($0.size, $0.taken.count) } }

    /// Runs the workers until all have ended.
    func run() async {
        if let seats {
            await giveEachJobATask(seats)
        } else {
            for number in 0..<settings.workers { start(number, isFirst: true) }
            await end()
        }
        scaling?.end()
        await stage.end(through: parts.router(part, tally: part.tallies[0]))
        threads?.stop()
    }

    /// Waits until no worker is left.
    private func end() async {
        await withUnsafeContinuation { continuation in
            let isOver = state.withLock { state in
                state.end = continuation
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
    }

    /// Stops all workers for good.
    func cancel() {
        let watches = state.withLock { state in
            state.isCancelled = true
            return state.watches
        }
        for watch in watches { watch?.cancel() }
        stage.retries.cancel()
    }

    /// Stops the jobs of one message.
    func stop(_ ticket: Ticket, _ reason: StopReason) {
        stage.retries.stop(ticket, reason)
        for watch in state.withLock({ $0.watches }) { watch?.stop(ticket, reason) }
    }

    /// What each of the workers is at; nil for one that has ended.
    var glimpses: [WorkerGlimpse?] { state.withLock { $0.watches }.map { $0?.glimpse() } }

    // MARK: Size

    /// Has so many workers from now on: new ones start at once, and those that are too many leave when they have done
    /// what they took.
    ///
    /// The log tells the reason.
    func resize(_ reason: String, _ newSize: @Sendable (Int) -> Int) {
        let resized = state.withLock { state -> (by: Int, change: Int, size: Int)? in
            let (before, size) = (state.size, newSize(state.size))
            if state.isOver || size == before { return nil }
            defer { (state.size, state.staying) = (size, size) }
            return (size - before, size - state.staying, size)
        }
        guard let (by, change, size) = resized else { return }
        let event = part.size.change(by: by, reason, at: stage.clock.now)
        log(.info, "\(event.previous) -> \(event.workers) workers: \(reason)", [:])
        threads?.grow(to: min(size, onlineProcessors()))
        if let seats { return seats.resize(to: size) }
        if change <= 0 { return stage.input.dismiss(-change) }
        for number in add(change - stage.input.recall(change)) { start(number) }
    }

    /// Takes the lowest free numbers for new workers, unless all is over.
    private func add(_ count: Int) -> [Int] {
        state.withLock { state in
            var numbers: [Int] = []
            var number = 0
            while !state.isOver, numbers.count < count {
                if state.taken.insert(number).inserted { numbers.append(number) }
                number += 1
            }
            return numbers
        }
    }

    /// A worker that was added could not be started, and the others go on without it, if there are any.
    private func shrink() {
        scaling?.noteFailure()
        // Where one was to leave anyway, this was it.
        if stage.input.recall(1) > 0 { return }
        let size = state.withLock { state in
            state.size -= 1
            state.staying -= 1
            return state.size
        }
        part.size.change(by: -1, "another worker could not be started", at: stage.clock.now)
        if size < 1 {
            parts.cancel(PipelineError(.start, node: node, "no worker is left, and no other can be started"))
        }
    }

    // MARK: One worker

    /// Starts a worker; one of the first begins to work when the whole pipeline does.
    private func start(_ number: Int, isFirst: Bool = false, isNeeded: Bool = false) {
        let watch = makeWatch(number)
        launch(watch) {
            guard let worker = await self.makeWorker(number, watch, isNeeded: isFirst || isNeeded) else {
                if isFirst { self.gate.fail() } else { self.shrink() }
                return self.end(number)
            }
            if isFirst, await !self.gate.pass() {
                await worker.close()
                return self.end(number)
            }
            await self.run(worker, number)
        }
    }

    func makeWatch(_ number: Int) -> WorkerWatch {
        let watch = WorkerWatch(
            stage.clock,
            parts.timers,
            timeout: settings.timeout,
            grace: parts.options.stopGrace,
            latency: part.stops
        ) { [weak self] in self?.replace(number, $0) }
        state.withLock { state in
            while state.watches.count <= number { state.watches.append(nil) }
            state.watches[number] = watch
        }
        return watch
    }

    func launch(_ watch: WorkerWatch, _ body: @escaping @Sendable () async -> Void) {
        watch.launch {
            // Without a preference there is none to look up whenever the task is resumed.
            guard let executor else { return Task { await body() } }
            return Task(executorPreference: executor, operation: body)
        }
        if state.withLock({ $0.isCancelled }) { watch.cancel() }
    }

    /// A worker with a processor of its own; nil if it can't be made.
    ///
    /// One that is needed fails the pipeline then; of others the log tells.
    func makeWorker(_ number: Int, _ watch: WorkerWatch, isNeeded: Bool) async -> Worker? {
        do {
            let processor = try await make(parts.workerContext(part, number, watch, executor: executor))
            let router = parts.router(part, tally: part.tallies[number])
            return Worker(stage, processor: processor, router: router, watch: watch)
        } catch  where parts.control.isCancelled {
            // A script that is interrupted in its `init` says so in an error of its own.
            log(.info, "a worker was stopped before it was ready", ["error": "\(error)"])
        } catch {
            if isNeeded {
                parts.cancel(PipelineError(.start, node: node, error))
            } else {
                log(.error, "another worker can't be started", ["worker": "\(number + 1)", "error": "\(error)"])
            }
        }
        return nil
    }

    private func run(_ worker: Worker, _ number: Int) async {
        switch await worker.run() {
        case .finished:
            state.withLock { $0.staying -= 1 }
            end(number)
        case .dismissed: end(number)
        case .renewed: launch(worker.watch) { await self.run(worker, number) }
        case .givenUp: await leave(worker)
        }
    }

    /// A worker that was given up has come to its end after all.
    func leave(_ worker: Worker) async {
        threads?.takeThreadBack()
        await worker.close()
    }

    private func end(_ number: Int) {
        let end = state.withLock { state -> UnsafeContinuation<Void, Never>? in
            state.watches[number] = nil
            state.taken.remove(number)
            if state.taken.isEmpty { state.isOver = true }
            return state.isOver ? state.end : nil
        }
        end?.resume()
    }

    func log(_ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata) {
        parts.logger(node).log(level: level, message, metadata: metadata)
    }

    // MARK: Replacement

    /// Another worker has been given up; says how many were, and whether the pipeline is over anyway.
    func noteGivenUp() -> (count: Int, isCancelled: Bool) {
        state.withLock { state in
            state.givenUp += 1
            return (state.givenUp, state.isCancelled)
        }
    }

    /// Starts another worker in place of one that was given up.
    func startAgain(_ number: Int) {
        if let seats { return seats.giveBack(number, nil) }
        if parts.control.isCancelled { return end(number) }
        start(number, isNeeded: settings.scaling == nil && number < settings.workers)
    }
}
