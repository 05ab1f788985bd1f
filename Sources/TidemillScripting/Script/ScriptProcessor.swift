import Tidemill
import TidemillLua

/// Handles jobs one by one with a script's `handle`.
final class ScriptProcessor: Processor {
    private let script: WorkerScript
    private let watch: WorkerWatch
    // `@exclusivity(unchecked)`: it is filled by a loop that calls nothing else.
    @exclusivity(unchecked) private var inputs = LuaInputs()

    init(_ script: WorkerScript) {
        self.script = script
        watch = script.worker.watch
    }

    /// Jobs go through the script in runs: one call of the wall handles one after the other, until one fails.
    func process(_ batch: Batch<Delivery>, _ results: BatchResults) async {
        inputs.removeAll()
        for delivery in batch.elements { inputs.append(LuaInput(delivery.job.value)) }
        while !batch.isEmpty, !results.isStopped, !watch.isCancelled {
            if let failure = script.replacementFailure {
                results.fail(batch[0], failure)
                guard watch.advance(batch, by: 1) else { return }
                inputs.removeFirst(1)
            } else {
                guard await run(batch, results) else { return }
            }
            await script.replaceIfNeeded()
        }
        script.releaseOutput()
    }

    /// Handles jobs until one fails; false if the worker was given up meanwhile.
    private func run(_ batch: Batch<Delivery>, _ results: BatchResults) async -> Bool {
        let state = script.state
        script.current.begin(batch, state)
        script.stopper.begin(state.interrupter, state.generation + 1)
        // Asked when it can be stopped, or a stop in between would have been that of the call before.
        if watch.isCancelled { return true }
        let error = await script.finish(state.handle(inputs))
        let finished = state.finishedInputs
        var done = finished
        // What was given up has other owners by now.
        if watch.isGivenUp { return false }
        let (deliveries, outputs) = (batch.elements, ScriptOutputs(state, script.output))
        for index in 0..<finished { collect(deliveries[index], outputs, inputs.outputs(of: index), results) }
        if let error, finished < batch.count, end(batch[finished], finished, error, results) { done += 1 }
        inputs.removeFirst(done)
        return watch.advance(batch, by: done)
    }

    /// A job's call has failed, or was stopped; false if the job is to be done again.
    private func end(_ delivery: Delivery, _ index: Int, _ error: LuaError, _ results: BatchResults) -> Bool {
        guard error.kind == .interrupted else {
            results.fail(delivery, JobFailure(error))
            return true
        }
        if let reason = watch.verdict(index) {
            results.stop(delivery, reason, timeout: watch.timeoutFailure(error.traceback))
        } else if Task.isCancelled {
            results.settle(delivery, .cancelled)
        } else {
            // It was meant for the job before.
            return false
        }
        return true
    }

    private func collect(
        _ delivery: borrowing Delivery,
        _ outputs: ScriptOutputs,
        _ range: Range<Int>,
        _ results: BatchResults
    ) {
        if range.isEmpty { return results.settle(delivery.ticket, .filtered) }
        if range.count == 1, let job = outputs.plainJob(at: range.lowerBound, after: delivery.job.details) {
            return results.pass(delivery.ticket, job)
        }
        results.pass(delivery.ticket, outputs.jobs(range, after: delivery.job.details))
    }

    func close() async { await script.close() }
}
