import Logging
import Tidemill
import TidemillLua

/// The script of one worker: a Lua state that is opened, opened anew when it can't go on, and closed at the end.
final class WorkerScript {
    let worker: WorkerContext
    let current = CurrentJob()
    let stopper: ScriptStopper
    private let stage: ScriptStage
    private(set) var state: LuaState
    /// Takes over the memory that the values of the batch at hand lie in, once the batch is done.
    private(set) var output = Block()
    /// Why there is no state to go on with, where one was lost.
    private(set) var replacementFailure: JobFailure?

    /// Opens a state, loads the script and calls its `init`.
    init(_ stage: ScriptStage, _ worker: WorkerContext) async throws {
        self.stage = stage
        self.worker = worker
        stopper = ScriptStopper(executor: worker.executor)
        state = try LuaState(stage, worker, current)
        worker.watch.use(stopper)
        try await open()
    }

    /// Sees a call to its end: while it waits, so does the worker's task, and no thread is held.
    func finish(_ first: LuaStep) async -> LuaError? {
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

    /// Lets go of the memory of the batch's values: those that went on hold it from now on.
    func releaseOutput() {
        state.takeOutput(into: output)
        output = Block()
    }

    /// Opens a fresh state in place of one that can't go on, as after an error with memory out.
    func replaceIfNeeded() async {
        guard state.isBroken || replacementFailure != nil else { return }
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

    private func open() async throws {
        current.interrupter = state.interrupter
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
