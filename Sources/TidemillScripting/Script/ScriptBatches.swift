import Tidemill
import TidemillLua

/// Handles batches of jobs with a script's `handle_batch`.
final class ScriptBatches: BatchWork {
    private let script: WorkerScript
    private let watch: WorkerWatch
    private var inputs = LuaInputs()

    init(_ script: WorkerScript) {
        self.script = script
        watch = script.worker.watch
        script.stopper.awaitBatch()
    }

    func handle(_ batch: Batch<Delivery>) async -> [JobEnd]? {
        let ends: [JobEnd]?
        if let failure = script.replacementFailure {
            ends = all(.failed(failure), batch)
        } else {
            ends = await call(batch)
        }
        await script.replaceIfNeeded()
        script.releaseOutput()
        script.stopper.awaitBatch()
        return ends
    }

    private func call(_ batch: Batch<Delivery>) async -> [JobEnd]? {
        let state = script.state
        inputs.removeAll()
        for delivery in batch.elements { inputs.append(LuaInput(delivery.job.value)) }
        script.current.begin(whole: batch)
        script.stopper.begin(state.interrupter, state.generation + 1, whole: batch.count)
        // Asked when it can be stopped, or a stop in between would have been that of the call before.
        if watch.isCancelled { return nil }
        let error = await script.finish(state.handleBatch(inputs))
        script.current.end()
        // What was given up has other owners by now.
        if watch.isGivenUp { return nil }
        return error.map { all(end($0), batch) } ?? collect(batch, state)
    }

    /// The call has failed, or was stopped: so have all of its jobs.
    private func end(_ error: LuaError) -> JobEnd {
        guard error.kind == .interrupted else { return .failed(JobFailure(error)) }
        return watch.verdict(0).map { .stopped($0) } ?? .cancelled
    }

    private func all(_ end: JobEnd, _ batch: Batch<Delivery>) -> [JobEnd] { Array(repeating: end, count: batch.count) }

    private func collect(_ batch: Batch<Delivery>, _ state: LuaState) -> [JobEnd] {
        let outputs = ScriptOutputs(state, script.output)
        var ends = batch.elements.enumerated().map { index, delivery -> JobEnd in
            let range = inputs.outputs(of: index)
            if range.count == 1, let job = outputs.plainJob(at: range.lowerBound, after: delivery.job.details) {
                return .passed(job)
            }
            return .became(outputs.jobs(range, after: delivery.job.details))
        }
        for (index, error) in state.failedInputs { ends[index] = .failed(JobFailure(error)) }
        return ends
    }

    func close() async { await script.close() }
}
