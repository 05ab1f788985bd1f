/// What a stage does with many jobs at once, in Swift: one request to a database or a service for all of them.
///
/// A stage makes one for each of its workers, so it needs no locks.
public protocol BatchHandler {
    /// Handles a batch of jobs, at least one.
    ///
    /// - Returns: what became of each job, in the order of the jobs; any other number fails all of them.
    /// - Throws: what fails all of them. Each has then failed for itself and is tried again for itself.
    func handle(_ jobs: [Job], _ context: BatchContext) async throws -> [JobResult]

    /// Called once, after the worker's last batch.
    func close() async
}

extension BatchHandler {
    /// Nothing to close.
    public func close() async {}
}

/// What became of one job of a batch.
public enum JobResult: Sendable {
    /// It became this value, with the job's key and metadata.
    case value(Value)
    /// It became these values, with the job's key and metadata.
    case values([Value])
    /// It ends here, unless the context was given results of it.
    case filtered
    /// It failed, and nothing that the context was given of it goes on.
    case failed(any Error)
}

/// A closure as a handler of batches.
struct ClosureBatchHandler: BatchHandler {
    let body: @Sendable ([Job], BatchContext) async throws -> [JobResult]

    func handle(_ jobs: [Job], _ context: BatchContext) async throws -> [JobResult] { try await body(jobs, context) }
}
