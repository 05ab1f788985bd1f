import Logging
import Synchronization
import Tidemill
import TidemillLua

/// Handles jobs with a script: one Lua state, which belongs to one worker.
final class ScriptProcessor: Processor {
    private let stage: ScriptStage
    private let worker: WorkerContext
    private let current = CurrentJob()
    private let running: RunningCall
    private var state: LuaState
    /// Takes over the memory that the values of the batch at hand lie in, once the batch is done.
    private var output = Block()

    /// Opens a state, loads the script and calls its `init`.
    init(_ stage: ScriptStage, _ worker: WorkerContext) async throws {
        self.stage = stage
        self.worker = worker
        state = try LuaState(stage, worker, current)
        running = RunningCall(state.interrupter)
        try await open()
    }

    func process(_ batch: Batch<Delivery>, _ results: BatchResults) async {
        let running = running
        await withTaskCancellationHandler {
            while let delivery = batch.popFirst() { await handle(delivery, results) }
        } onCancel: {
            running.interrupt()
        }
        releaseOutput()
    }

    /// The way of one job through the script.
    private func handle(_ delivery: Delivery, _ results: BatchResults) async {
        if state.isBroken, let failure = await replaceState() { return results.fail(delivery, failure) }
        // First the number, then the look at the mark: whoever cancels does it the other way round.
        running.begin(state.generation + 1)
        if Task.isCancelled { return results.settle(delivery.ticket, .cancelled) }
        current.begin(delivery)
        switch await finish(state.handle(value: delivery.job.value)) {
        case nil: collect(delivery, results)
        case let error? where error.kind == .interrupted && Task.isCancelled:
            results.settle(delivery.ticket, .cancelled)
        case let error?: results.fail(delivery, JobFailure(error))
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
        running.begin(state.generation + 1)
        if let error = await finish(state.initialize()) {
            throw ScriptError("init: \(error.message)", traceback: error.traceback)
        }
    }

    /// Opens a fresh state in place of one that can't go on, as after an error with memory out.
    private func replaceState() async -> JobFailure? {
        releaseOutput()
        do {
            state = try LuaState(stage, worker, current)
            running.watch(state.interrupter)
            try await open()
            return nil
        } catch {
            return JobFailure(.handler, "the script's state could not be opened again: \(error)")
        }
    }

    func close() async {
        guard !state.isBroken, let error = await finish(state.finalize()) else { return }
        worker.logger.warning("a script's close failed", metadata: ["error": "\(error.message)"])
    }
}

/// The call that a worker's state runs now, for whoever wants to stop it.
final class RunningCall: Sendable {
    private let interrupter: Mutex<LuaInterrupter?>
    private let generation = Atomic<UInt64>(0)

    init(_ interrupter: LuaInterrupter?) { self.interrupter = Mutex(interrupter) }

    func begin(_ number: UInt64) { generation.store(number, ordering: .sequentiallyConsistent) }

    func watch(_ other: LuaInterrupter?) { interrupter.withLock { $0 = other } }

    func interrupt() {
        let interrupter = interrupter.withLock { $0 }
        interrupter?.interrupt(generation.load(ordering: .sequentiallyConsistent))
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
