/// What a stage does with a job, in Swift.
///
/// A stage makes one for each of its workers, so it needs no locks.
public protocol Handler {
    /// Handles one job.
    ///
    /// - Returns: the value for the next node, or nil if there is none; ``JobContext/emit(_:to:)`` gives more.
    /// - Throws: what fails the job; nothing that it emitted goes on then.
    func handle(_ job: Job, _ context: JobContext) async throws -> Value?

    /// Called once, after the worker's last job.
    func close() async
}

extension Handler {
    /// Nothing to close.
    public func close() async {}
}
