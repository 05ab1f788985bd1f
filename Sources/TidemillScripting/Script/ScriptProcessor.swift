import Logging
import Synchronization
import Tidemill
import TidemillLua

/// Handles jobs with a script: one Lua state, which belongs to one worker.
final class ScriptProcessor: Processor {
    private let stage: ScriptStage
    private let worker: WorkerContext
    private let current = CurrentJob()
    private let stop = ScriptStop()
    private var state: LuaState
    // `@exclusivity(unchecked)`: it is filled by a loop that calls nothing else.
    @exclusivity(unchecked) private var inputs = LuaInputs()
    /// Takes over the memory that the values of the batch at hand lie in, once the batch is done.
    private var output = Block()
    /// Why there is no state to go on with, where one was lost.
    private var replacementFailure: JobFailure?

    /// Opens a state, loads the script and calls its `init`.
    init(_ stage: ScriptStage, _ worker: WorkerContext) async throws {
        self.stage = stage
        self.worker = worker
        state = try LuaState(stage, worker, current)
        stop.watch(state.interrupter)
        try await interruptible { try await open() }
    }

    /// Jobs go through the script in runs: one call of the wall handles one after the other, until one fails.
    func process(_ batch: Batch<Delivery>, _ results: BatchResults) async {
        await interruptible {
            inputs.removeAll()
            for delivery in batch.elements { inputs.append(LuaInput(delivery.job.value)) }
            while !batch.isEmpty {
                if let failure = replacementFailure {
                    end(batch, failure, results)
                } else {
                    await run(batch, results)
                }
                if state.isBroken || replacementFailure != nil { await replaceState() }
            }
        }
        releaseOutput()
    }

    private func run(_ batch: Batch<Delivery>, _ results: BatchResults) async {
        current.begin(batch, state)
        let error = await finish(state.handle(inputs))
        let finished = state.finishedInputs
        let deliveries = batch.elements
        for index in 0..<finished { collect(deliveries[index], inputs.outputs(of: index), results) }
        batch.removeFirst(finished)
        inputs.removeFirst(finished)
        guard let error else { return }
        let isCancelled = error.kind == .interrupted && Task.isCancelled
        end(batch, isCancelled ? nil : JobFailure(error), results)
    }

    /// Does something with the script that stops when the task is cancelled.
    private func interruptible(_ body: () async throws -> Void) async rethrows {
        let stop = stop
        try await withTaskCancellationHandler(operation: body, onCancel: { stop.now() })
    }

    /// The first job of the batch has failed, or was cancelled where no failure is given.
    private func end(_ batch: Batch<Delivery>, _ failure: JobFailure?, _ results: BatchResults) {
        guard let delivery = batch.popFirst() else { return }
        inputs.removeFirst(1)
        if let failure {
            results.fail(delivery, failure)
        } else {
            results.settle(delivery.ticket, .cancelled)
        }
    }

    /// Sees a call to its end: while it waits, so does the worker's task, and no thread is held.
    private func finish(_ first: LuaStep) async -> LuaError? {
        var step = first
        while true {
            switch step {
            case .finished: return nil
            case .failed(let error): return error
            case .waiting(let wait):
                let result: Result<LuaReply, any Error>
                do {
                    result = .success(try await wait.operation())
                } catch {
                    result = .failure(error)
                }
                step = Task.isCancelled ? state.resumeInterrupted() : state.resume(with: result)
            }
        }
    }

    private func collect(_ delivery: borrowing Delivery, _ range: Range<Int>, _ results: BatchResults) {
        if range.isEmpty { return results.settle(delivery.ticket, .filtered) }
        let outputs = state.outputs
        if range.count == 1 {
            let only = outputs[range.lowerBound]
            if only.port == 0, only.key == nil, only.metadata == nil {
                return results.pass(delivery.ticket, Job(value: only.value(in: output), details: delivery.job.details))
            }
        }
        let details = delivery.job.details
        results.pass(delivery.ticket, outputs[range].map { ($0.port, $0.job(in: output, after: details)) })
    }

    private func releaseOutput() {
        state.takeOutput(into: output)
        output = Block()
    }

    // MARK: States

    private func open() async throws {
        try stage.file.load(into: state)
        if let error = await finish(state.initialize()) {
            throw ScriptError("init: \(error.message)", traceback: error.traceback)
        }
    }

    /// Opens a fresh state in place of one that can't go on, as after an error with memory out.
    private func replaceState() async {
        releaseOutput()
        do {
            state = try LuaState(stage, worker, current)
            stop.watch(state.interrupter)
            try await open()
            replacementFailure = nil
        } catch {
            replacementFailure = JobFailure(.handler, "the script's state could not be opened again: \(error)")
        }
    }

    func close() async {
        guard !state.isBroken, let error = await finish(state.finalize()), !Task.isCancelled else { return }
        worker.logger.warning("a script's close failed", metadata: ["error": "\(error.message)"])
    }
}

/// Stops the scripts of one worker for good, whichever state runs them.
final class ScriptStop: Sendable {
    private struct State {
        var interrupter: LuaInterrupter?
        var isStopped = false
    }

    private let state = Mutex(State())

    /// Stops what runs now and what starts later.
    func now() {
        let interrupter = state.withLock { state in
            state.isStopped = true
            return state.interrupter
        }
        interrupter?.interruptAll()
    }

    /// Looks after another state from now on.
    func watch(_ interrupter: LuaInterrupter?) {
        let isStopped = state.withLock { state in
            state.interrupter = interrupter
            return state.isStopped
        }
        if isStopped { interrupter?.interruptAll() }
    }
}

extension JobFailure {
    /// The failure that an error of a script stands for.
    init(_ error: LuaError) {
        let kind: Kind =
            switch error.kind {
            case .memory: .memory
            case .emissions, .outputBytes, .instructions: .budget
            case .interrupted: .interrupted
            default: .handler
            }
        self.init(kind, error.message, traceback: error.traceback)
    }
}
