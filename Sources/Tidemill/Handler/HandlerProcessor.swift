/// Calls a ``Handler`` for each job of a batch, one after the other.
final class HandlerProcessor: Processor {
    private let handler: any Handler
    private let context: JobContext

    init(_ handler: any Handler, _ worker: WorkerContext) {
        self.handler = handler
        context = JobContext(worker: worker)
    }

    func process(_ batch: Batch<Delivery>, _ results: BatchResults) async {
        while let delivery = batch.popFirst() {
            if Task.isCancelled {
                results.settle(delivery.ticket, .cancelled)
                continue
            }
            context.begin(delivery)
            do {
                let value = try await handler.handle(delivery.job, context)
                if let value, context.emitted.isEmpty {
                    results.pass(delivery, value)
                } else {
                    if let value { context.emit(result: value) }
                    results.pass(delivery.ticket, context.emitted)
                }
            } catch {
                // A handler that was interrupted has not failed: its job is not done, and goes back.
                if Task.isCancelled {
                    results.settle(delivery.ticket, .cancelled)
                } else {
                    results.fail(delivery, JobFailure(error))
                }
            }
        }
    }

    func close() async { await handler.close() }
}

/// Calls a closure that neither waits nor emits: nothing is asynchronous and nothing is allocated for a job.
final class TransformProcessor: Processor {
    private let transform: @Sendable (Value) throws -> Value?

    init(_ transform: @escaping @Sendable (Value) throws -> Value?) { self.transform = transform }

    func process(_ batch: Batch<Delivery>, _ results: BatchResults) async {
        while let delivery = batch.popFirst() {
            do {
                if let value = try transform(delivery.job.value) {
                    results.pass(delivery, value)
                } else {
                    results.settle(delivery.ticket, .filtered)
                }
            } catch {
                results.fail(delivery, JobFailure(error))
            }
        }
    }
}

/// A closure as a handler.
struct ClosureHandler: Handler {
    let body: @Sendable (Job, JobContext) async throws -> Value?

    func handle(_ job: Job, _ context: JobContext) async throws -> Value? { try await body(job, context) }
}
