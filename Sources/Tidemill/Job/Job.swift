/// One piece of work: a value and what is known about it.
public struct Job: Sendable {
    /// What the job carries.
    public var value: Value
    /// The rest, shared by copies; most jobs of a log have none, so that they cost no allocation.
    package var details: JobDetails?

    /// A job with a value, and perhaps a key and metadata.
    public init(_ value: Value, key: Bytes? = nil, metadata: Value = .null) {
        self.value = value
        if key != nil || metadata != .null { details = JobDetails(key: key, metadata: metadata) }
    }

    /// A job without a key or metadata.
    package init(value: Value, details: JobDetails?) {
        self.value = value
        self.details = details
    }

    /// What jobs that belong together have in common.
    public var key: Bytes? {
        get { details?.key }
        set { details = (details ?? JobDetails()).with(key: newValue, metadata: metadata) }
    }

    /// A table of what the source and the stages say about the job, or null.
    public var metadata: Value {
        get { details?.metadata ?? .null }
        set { details = (details ?? JobDetails()).with(key: key, metadata: newValue) }
    }
}

extension Job {
    /// The job as one that has not failed: what is a dead letter in one pipeline may be a message of another.
    var withoutFailure: Job {
        guard let details, details.failure != nil else { return self }
        return Job(value, key: details.key, metadata: details.metadata)
    }
}

extension Job {
    /// Notes a deadline, if it is earlier than the one that the job has.
    mutating func shrink(to deadline: Int) {
        guard deadline < details?.deadline ?? .max else { return }
        details = (details ?? JobDetails()).with(deadline: deadline)
    }
}

/// What few jobs have: immutable, so that jobs may share it.
package final class JobDetails: Sendable {
    package let key: Bytes?
    package let metadata: Value
    /// Set on the way to the dead letters: what went wrong, so that delivering it there counts as ``Outcome/deadLettered``.
    package let failure: JobFailure?
    /// When it must be done by, in nanoseconds of the pipeline's clock; a stage's deadline sets it, and nothing moves
    /// it back.
    package let deadline: Int?
    /// The attempts of the stage at hand that failed so far.
    package let attempts: [Attempt]

    package init(
        key: Bytes? = nil,
        metadata: Value = .null,
        failure: JobFailure? = nil,
        deadline: Int? = nil,
        attempts: [Attempt] = []
    ) {
        self.key = key
        self.metadata = metadata
        self.failure = failure
        self.deadline = deadline
        self.attempts = attempts
    }

    /// The same with another key and other metadata.
    package func with(key: Bytes?, metadata: Value) -> JobDetails {
        JobDetails(key: key, metadata: metadata, failure: failure, deadline: deadline, attempts: attempts)
    }

    /// The same for the next stage, which has attempts of its own.
    package var withoutAttempts: JobDetails { attempts.isEmpty ? self : with(attempts: []) }

    /// The same after these attempts.
    package func with(attempts: [Attempt]) -> JobDetails {
        JobDetails(key: key, metadata: metadata, failure: failure, deadline: deadline, attempts: attempts)
    }

    /// The same with a deadline that is no later than it was.
    package func with(deadline new: Int) -> JobDetails {
        let deadline = min(new, deadline ?? new)
        return JobDetails(key: key, metadata: metadata, failure: failure, deadline: deadline, attempts: attempts)
    }
}

/// A try at a job that failed.
package struct Attempt: Hashable, Sendable {
    /// When it ended, in nanoseconds of the pipeline's clock.
    package let end: Int
    /// What went wrong.
    package let message: String

    package init(end: Int, message: String) {
        self.end = end
        self.message = message
    }
}
