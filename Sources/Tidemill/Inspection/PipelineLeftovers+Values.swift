// The same objects for whoever reads them: a file of leftovers, a log, a status page.

extension PipelineLeftovers {
    /// The numbers as one object: `messages`, `jobs`, `listed`, `sources` and `places`.
    public var totals: Value {
        [
            "messages": .integer(Int64(messages)),
            "jobs": .integer(Int64(jobCount)),
            "listed": .integer(Int64(jobs.count)),
            "sources": .array(sources.map(\.value)),
            "places": .array(places.map(\.value)),
        ]
    }

    /// The totals and then each listed job, as JSON, a line for each.
    public var jsonLines: String {
        ([totals] + jobs.map(\.value)).map { "\($0)\n" }.joined()
    }
}

extension SourceLeftovers {
    fileprivate var value: Value {
        [
            "source": .string(Bytes(name)),
            "cancelled": .integer(Int64(cancelled)),
            "rejected": .integer(Int64(rejected)),
            "comes_again": .bool(takesJobsBack),
        ]
    }
}

extension LeftoverPlace {
    fileprivate var value: Value {
        [
            "node": .string(Bytes(node)),
            "state": .string(Bytes(state.rawValue)),
            "outcome": .string(Bytes(outcome.name)),
            "jobs": .integer(Int64(jobs)),
        ]
    }
}

extension LeftoverJob {
    /// The job as an object, with the fields of the struct: `id`, `source`, `sequence`, `key`, `node`, `state`,
    /// `outcome`, `failed_attempts` and `age_seconds`.
    public var value: Value {
        [
            "id": .string(Bytes(id)),
            "source": .string(Bytes(source)),
            "sequence": .integer(Int64(sequence)),
            "key": key.map { .string($0) } ?? .null,
            "node": .string(Bytes(node)),
            "state": .string(Bytes(state.rawValue)),
            "outcome": .string(Bytes(outcome.name)),
            "failed_attempts": .integer(Int64(failedAttempts)),
            "age_seconds": .number(age / .seconds(1)),
        ]
    }
}
