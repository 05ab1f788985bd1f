/// Calls a ``Handler`` for each job of a batch, one after the other.
final class HandlerProcessor: Processor {
    private let handler: any Handler
    private let context: JobContext
    private let watch: WorkerWatch
    private let current = CurrentIndex()

    init(_ handler: any Handler, _ worker: WorkerContext) {
        self.handler = handler
        context = JobContext(worker: worker)
        watch = worker.watch
        watch.use(current)
    }

    // The handler is called here, and all else is done in functions that don't wait: what a function that waits has on
    // its mind stays in memory for each of ten thousand jobs that wait.
    func process(_ batch: Batch<Delivery>, _ results: BatchResults) async {
        var index = 0
        while index < batch.count, !results.isStopped {
            // A task that was cancelled for one job is of no use to those behind it.
            if index > 0, Task.isCancelled, watch.needsRenewal { break }
            begin(batch[index], index)
            do {
                if Task.isCancelled { throw CancellationError() }
                pass(try await handler.handle(context.job, context), batch[index], results)
            } catch {
                guard fail(batch[index], index, error, results) else { break }
            }
            index += 1
        }
        guard watch.advance(batch, by: index) else { return }
        current.set(0)
    }

    @inline(never)
    private func begin(_ delivery: borrowing Delivery, _ index: Int) {
        current.set(index)
        context.begin(delivery)
    }

    @inline(never)
    private func pass(_ value: Value?, _ delivery: borrowing Delivery, _ results: BatchResults) {
        if let value, context.emitted.isEmpty { return results.pass(copy delivery, value) }
        if let value { context.emit(result: value) }
        results.pass(delivery.ticket, context.emitted)
    }

    /// False where the job was hit by a cancellation that was meant for the one before it, and is to be done again.
    @inline(never)
    private func fail(_ delivery: Delivery, _ index: Int, _ error: any Error, _ results: BatchResults) -> Bool {
        if let reason = watch.verdict(index) {
            results.stop(delivery, reason, timeout: watch.timeoutFailure())
        } else if !Task.isCancelled {
            results.fail(delivery, JobFailure(error))
        } else if watch.needsRenewal {
            return false
        } else {
            // A handler that was interrupted has not failed: its job is not done, and goes back.
            results.settle(delivery, .cancelled)
        }
        return true
    }

    func close() async { await handler.close() }
}

/// Calls a closure that neither waits nor emits: nothing is asynchronous and nothing is allocated for a job.
final class TransformProcessor: Processor {
    private let transform: @Sendable (Value) throws -> Value?

    init(_ transform: @escaping @Sendable (Value) throws -> Value?) { self.transform = transform }

    /// Values change in place, and what goes on is moved on in runs.
    func process(_ batch: Batch<Delivery>, _ results: BatchResults) async {
        let deliveries = batch.elements
        var passed = 0
        for index in deliveries.indices {
            do {
                if let value = try transform(deliveries[index].job.value) {
                    deliveries[index].job.value = value
                    passed += 1
                    continue
                }
                results.pass(passed, of: batch)
                if let filtered = batch.popFirst() { results.settle(filtered.ticket, .filtered) }
            } catch {
                results.pass(passed, of: batch)
                if let failed = batch.popFirst() { results.fail(failed, JobFailure(error)) }
                if results.isStopped { return }
            }
            passed = 0
        }
        results.pass(passed, of: batch)
    }
}

/// A closure as a handler.
struct ClosureHandler: Handler {
    let body: @Sendable (Job, JobContext) async throws -> Value?

    func handle(_ job: Job, _ context: JobContext) async throws -> Value? { try await body(job, context) }
}
