import Logging

/// What happens to a job that failed in a node.
///
/// A failed job never goes on as if it were fine.
package final class FailurePolicy: Sendable {
    package enum Disposal {
        /// The record of the failure goes to the dead letters, and the job is settled when it is there.
        case deadLetter(Job)
        /// The job ends here.
        case settle(Outcome)
    }

    let node: String
    let policy: ErrorPolicy
    /// Where dead letters go, if there is such a place.
    let deadLetters: Channel<Delivery>?
    let record: @Sendable (Delivery, JobFailure) -> Value
    let jobID: @Sendable (Ticket) -> String
    let stop: @Sendable (PipelineError) -> Void
    let logger: Logger

    init(
        node: String,
        policy: ErrorPolicy,
        deadLetters: Channel<Delivery>?,
        record: @escaping @Sendable (Delivery, JobFailure) -> Value,
        jobID: @escaping @Sendable (Ticket) -> String,
        stop: @escaping @Sendable (PipelineError) -> Void,
        logger: Logger
    ) {
        self.node = node
        self.policy = policy
        self.deadLetters = deadLetters
        self.record = record
        self.jobID = jobID
        self.stop = stop
        self.logger = logger
    }

    func dispose(_ delivery: Delivery, _ failure: JobFailure) -> Disposal {
        // A dead letter that can't be written must not become a dead letter again.
        let isDeadLetter = delivery.job.details?.failure != nil
        log(delivery, failure)
        switch isDeadLetter ? .stop : failure.advice == .reject ? .reject : policy {
        case .deadLetter where deadLetters != nil:
            let details = JobDetails(key: delivery.job.key, metadata: delivery.job.metadata, failure: failure)
            return .deadLetter(Job(value: record(delivery, failure), details: details))
        case .drop:
            return .settle(.dropped)
        case .reject, .deadLetter:
            return .settle(.rejected)
        case .stop:
            stop(PipelineError(.stopped, node: node, failure))
            return .settle(.rejected)
        }
    }

    private func log(_ delivery: Delivery, _ failure: JobFailure) {
        // Where the dead letters keep it, a line for each would only fill the log.
        let level: Logger.Level = policy == .deadLetter && deadLetters != nil ? .debug : .warning
        logger.log(
            level: level,
            "a job failed",
            metadata: [
                "job": "\(jobID(delivery.ticket))", "error": "\(failure.message)", "kind": "\(failure.kind.rawValue)",
            ]
        )
    }
}

/// What a node does with a job that failed.
public enum ErrorPolicy: String, Sendable, CaseIterable {
    /// Its record goes to the dead letters.
    case deadLetter = "dead_letter"
    /// It is handed back to its source.
    case reject
    /// It is thrown away.
    case drop
    /// The pipeline stops.
    case stop
}
