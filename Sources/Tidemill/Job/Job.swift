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
        set { details = JobDetails(key: newValue, metadata: metadata, failure: details?.failure) }
    }

    /// A table of what the source and the stages say about the job, or null.
    public var metadata: Value {
        get { details?.metadata ?? .null }
        set { details = JobDetails(key: key, metadata: newValue, failure: details?.failure) }
    }
}

extension Job {
    /// The job as one that has not failed: what is a dead letter in one pipeline may be a message of another.
    var withoutFailure: Job {
        guard let details, details.failure != nil else { return self }
        return Job(value, key: details.key, metadata: details.metadata)
    }
}

/// What few jobs have: immutable, so that jobs may share it.
package final class JobDetails: Sendable {
    package let key: Bytes?
    package let metadata: Value
    /// Set on the way to the dead letters: what went wrong, so that delivering it there counts as ``Outcome/deadLettered``.
    package let failure: JobFailure?

    package init(key: Bytes? = nil, metadata: Value = .null, failure: JobFailure? = nil) {
        self.key = key
        self.metadata = metadata
        self.failure = failure
    }
}
