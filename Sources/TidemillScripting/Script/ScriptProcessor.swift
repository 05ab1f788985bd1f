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

    func process(_ batch: Batch<Delivery>, _ results: BatchResults) async {
        await interruptible {
            while let delivery = batch.popFirst() {
                // Nothing here suspends unless the script does, so a job that does not wait costs no task switch.
                if let wait = handle(delivery, results) { await finish(wait, delivery, results) }
                if state.isBroken || replacementFailure != nil { await replaceState() }
            }
        }
        releaseOutput()
    }

    /// Does something with the script that stops when the task is cancelled.
    private func interruptible(_ body: () async throws -> Void) async rethrows {
        let stop = stop
        try await withTaskCancellationHandler(operation: body, onCancel: { stop.now() })
    }

    /// The way of one job through the script, up to its end or to where it waits.
    private func handle(_ delivery: Delivery, _ results: BatchResults) -> LuaWait? {
        if let failure = replacementFailure {
            results.fail(delivery, failure)
            return nil
        }
        current.begin(delivery)
        switch state.handle(value: delivery.job.value) {
        case .finished: collect(delivery, results)
        case .failed(let error): fail(delivery, error, results)
        case .waiting(let wait): return wait
        }
        return nil
    }

    /// The rest of the way of a job that waited.
    private func finish(_ wait: LuaWait, _ delivery: Delivery, _ results: BatchResults) async {
        if let error = await finish(.waiting(wait)) {
            fail(delivery, error, results)
        } else {
            collect(delivery, results)
        }
    }

    private func fail(_ delivery: Delivery, _ error: LuaError, _ results: BatchResults) {
        if error.kind == .interrupted && Task.isCancelled {
            results.settle(delivery.ticket, .cancelled)
        } else {
            results.fail(delivery, JobFailure(error))
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

    private func collect(_ delivery: Delivery, _ results: BatchResults) {
        let outputs = state.outputs
        if outputs.count == 1 {
            let only = outputs[0]
            if only.port == 0, only.key == nil, only.metadata == nil {
                return results.pass(delivery, only.value(in: output))
            }
        }
        let details = delivery.job.details
        results.pass(delivery.ticket, outputs.map { ($0.port, $0.job(in: output, after: details)) })
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
        guard !state.isBroken, let error = await finish(state.finalize()) else { return }
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
            case .budget: .budget
            case .interrupted: .interrupted
            default: .handler
            }
        self.init(kind, error.message, traceback: error.traceback)
    }
}
