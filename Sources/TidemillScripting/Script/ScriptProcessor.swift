import Logging
import Synchronization
import Tidemill
import TidemillLua

/// Handles jobs with a script: one Lua state, which belongs to one worker.
final class ScriptProcessor: Processor {
    private let stage: ScriptStage
    private let worker: WorkerContext
    private let current = CurrentJob()
    private let stopper: ScriptStopper
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
        stopper = ScriptStopper(executor: worker.executor)
        state = try LuaState(stage, worker, current)
        worker.watch.use(stopper)
        try await open()
    }

    /// Jobs go through the script in runs: one call of the wall handles one after the other, until one fails.
    func process(_ batch: Batch<Delivery>, _ results: BatchResults) async {
        inputs.removeAll()
        for delivery in batch.elements { inputs.append(LuaInput(delivery.job.value)) }
        while !batch.isEmpty, !results.isStopped, !worker.watch.isCancelled {
            if let failure = replacementFailure {
                results.fail(batch[0], failure)
                guard worker.watch.advance(batch, by: 1) else { return }
                inputs.removeFirst(1)
            } else {
                guard await run(batch, results) else { return }
            }
            if state.isBroken || replacementFailure != nil { await replaceState() }
        }
        releaseOutput()
    }

    /// Handles jobs until one fails; false if the worker was given up meanwhile.
    private func run(_ batch: Batch<Delivery>, _ results: BatchResults) async -> Bool {
        current.begin(batch, state)
        stopper.begin(state.interrupter, state.generation + 1)
        // Asked when it can be stopped, or a stop in between would have been that of the call before.
        if worker.watch.isCancelled { return true }
        let error = await finish(state.handle(inputs))
        let finished = state.finishedInputs
        var done = finished
        // What was given up has other owners by now.
        if worker.watch.isGivenUp { return false }
        let deliveries = batch.elements
        for index in 0..<finished { collect(deliveries[index], inputs.outputs(of: index), results) }
        if let error, finished < batch.count, end(batch[finished], finished, error, results) { done += 1 }
        inputs.removeFirst(done)
        return worker.watch.advance(batch, by: done)
    }

    /// A job's call has failed, or was stopped; false if the job is to be done again.
    private func end(_ delivery: Delivery, _ index: Int, _ error: LuaError, _ results: BatchResults) -> Bool {
        guard error.kind == .interrupted else {
            results.fail(delivery, JobFailure(error))
            return true
        }
        if let reason = worker.watch.verdict(index) {
            results.stop(delivery, reason, timeout: worker.watch.timeoutFailure(error.traceback))
        } else if Task.isCancelled {
            results.settle(delivery, .cancelled)
        } else {
            // It was meant for the job before.
            return false
        }
        return true
    }

    /// Sees a call to its end: while it waits, so does the worker's task, and no thread is held.
    private func finish(_ first: LuaStep) async -> LuaError? {
        var step = first
        while true {
            switch step {
            case .finished: return nil
            case .failed(let error): return error
            case .waiting(let wait):
                let result = await stopper.wait(wait.operation)
                step = stopper.isStopped ? state.resumeInterrupted() : state.resume(with: result)
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
        stopper.begin(state.interrupter, 0)
        try await interruptible {
            try stage.file.load(into: state)
            if let error = await finish(state.initialize()) {
                throw ScriptError("init: \(error.message)", traceback: error.traceback)
            }
        }
    }

    /// Does something with the script outside of any job that stops when the task is cancelled.
    private func interruptible<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        let stopper = stopper
        return try await withTaskCancellationHandler(operation: body, onCancel: { stopper.stopCall() })
    }

    /// Opens a fresh state in place of one that can't go on, as after an error with memory out.
    private func replaceState() async {
        releaseOutput()
        do {
            state = try LuaState(stage, worker, current)
            try await open()
            replacementFailure = nil
        } catch {
            replacementFailure = JobFailure(.handler, "the script's state could not be opened again: \(error)")
        }
    }

    /// Calls the script's `close`; where the pipeline was cancelled, for as long as a job has to stop.
    func close() async {
        guard !state.isBroken else { return }
        stopper.begin(state.interrupter, 0)
        let error = await withTaskCancellationHandler {
            await finish(state.finalize())
        } onCancel: { [stopper, worker] in
            Task(executorPreference: worker.executor) {
                try await worker.clock.sleep(for: worker.stopGrace)
                stopper.stopCall()
            }
        }
        if let error { worker.logger.warning("a script's close failed", metadata: ["error": "\(error.message)"]) }
    }
}

extension JobFailure {
    /// The failure that an error of a script stands for.
    init(_ error: LuaError) {
        let kind: Kind =
            switch error.kind {
            case .memory: .memory
            case .emissions: .emissions
            case .outputBytes: .outputBytes
            case .instructions: .instructions
            case .interrupted: .interrupted
            default: error.label.map { Kind(rawValue: $0) } ?? .handler
            }
        let advice: Advice =
            switch error.verdict {
            case .unspecified: .policy
            case .retry(let seconds): .retry(after: seconds.map { .seconds($0) })
            case .never: .never
            case .reject: .reject
            }
        self.init(kind, error.message, traceback: error.traceback, advice: advice)
    }
}
