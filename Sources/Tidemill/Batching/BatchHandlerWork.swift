/// Calls a ``BatchHandler`` with a batch.
final class BatchHandlerWork: BatchWork {
    private let handler: any BatchHandler
    private let context: BatchContext
    private let watch: WorkerWatch
    private let whole = WholeBatch()

    init(_ handler: any BatchHandler, _ worker: WorkerContext) {
        self.handler = handler
        context = BatchContext(worker: worker)
        watch = worker.watch
        whole.set(Self.unknown)
        watch.use(whole)
    }

    /// How many jobs a batch has that has not begun: as far as the watch knows so many that none is stopped alone.
    private static let unknown = Int.max

    func handle(_ batch: Batch<Delivery>) async -> [JobEnd]? {
        whole.set(batch.count)
        context.begin(batch)
        defer {
            context.end()
            whole.set(Self.unknown)
        }
        do {
            if Task.isCancelled { throw CancellationError() }
            let results = try await handler.handle(batch.elements.map(\.job), context)
            guard results.count == context.count else { throw Self.miscount(results.count, context.count) }
            return results.enumerated().map { context.end(of: $0.offset, $0.element) }
        } catch {
            return Array(repeating: end(error), count: context.count)
        }
    }

    /// How all jobs of the batch ended after an error.
    private func end(_ error: any Error) -> JobEnd {
        if let reason = watch.verdict(0) { return .stopped(reason) }
        // A handler that was interrupted has not failed: its jobs are not done, and go back.
        return Task.isCancelled ? .cancelled : .failed(JobFailure(error))
    }

    private static func miscount(_ results: Int, _ jobs: Int) -> JobFailure {
        JobFailure(.handler, "the handler gave \(results) results for \(jobs) jobs; it must give one for each")
    }

    func close() async { await handler.close() }
}
