import Tidemill

/// An inspection as one JSON object, with a line for each source, node, worker and channel so that people can read it
/// too.
struct InspectionText {
    let inspection: PipelineInspection

    init(_ inspection: PipelineInspection) { self.inspection = inspection }

    var text: String {
        let sources = inspection.sources.map { "  \(value($0))" }
        return """
            {"tidemill": "inspection", "pipeline": \(text(inspection.name)), "time": \(seconds(inspection.time)), \
            "phase": \(text(inspection.phase.rawValue)),
             "books": \(books(inspection.books)),
             "stops": \(value(inspection.stops)),
             "limit": \(inspection.explanation.map(text) ?? .null),
             "sources": [
            \(sources.joined(separator: ",\n"))],
             "nodes": [
            \(inspection.nodes.map(node).joined(separator: ",\n"))]}

            """
    }

    private func node(_ node: NodeInspection) -> String {
        let workers = node.workers.map { "    \(value($0))" }
        return """
              {"node": \(text(node.name)), "kind": \(text(node.kind.rawValue)), "given_up": \(node.givenUp), \
            "breaker": \(node.breaker.map(value) ?? .null),
               "channel": \(value(node.channel)),
               "retries": \(value(node.retries)),\(scaling(node.scaling))
               "workers": [
            \(workers.joined(separator: ",\n"))]}
            """
    }

    /// A line of its own for a stage whose number of workers changes.
    private func scaling(_ scaling: ScalingInspection?) -> String {
        guard let scaling else { return "" }
        let fields: Value = [
            "workers": integer(scaling.workers),
            "max": scaling.max.map(integer) ?? .null,
            "reason": scaling.reason.map(text) ?? .null,
            "changes": .array(scaling.changes.map(value)),
        ]
        return "\n   \"scaling\": \(fields),"
    }

    // MARK: Lines

    private func value(_ change: ScalingEvent) -> Value {
        [
            "ago": seconds(inspection.time - change.time),
            "from": integer(change.previous),
            "to": integer(change.workers),
            "reason": text(change.reason),
        ]
    }

    private func value(_ source: SourceInspection) -> Value {
        [
            "source": text(source.name),
            "in_flight": integer(source.inFlight),
            "oldest": source.oldest.map(value) ?? .null,
            "done": .integer(source.done),
            "total": source.total.map { .integer($0) } ?? .null,
        ]
    }

    private func value(_ channel: ChannelInspection) -> Value {
        var fields: [(key: String, value: Value)] = [
            ("queued", integer(channel.queued)), ("capacity", integer(channel.capacity)),
        ]
        if let bytes = channel.bytes { fields.append(("bytes", integer(bytes))) }
        fields.append(("waiting_senders", integer(channel.waitingSenders)))
        fields.append(("waiting_receivers", integer(channel.waitingReceivers)))
        if channel.returned > 0 { fields.append(("returned", integer(channel.returned))) }
        if channel.isHolding { fields.append(("only_retries", true)) }
        fields.append(("first", .array(channel.first.map(value))))
        return .table(fields)
    }

    private func value(_ worker: WorkerInspection) -> Value {
        var fields: [(key: String, value: Value)] = [
            ("worker", integer(worker.number)), ("state", text(worker.state.rawValue)),
        ]
        if let job = worker.job {
            fields.append(("job", value(job)))
            if worker.jobs > 1 { fields.append(("jobs", integer(worker.jobs))) }
            fields.append(("attempt", integer(worker.attempt)))
            fields.append(("working_for", seconds(worker.workingFor)))
        }
        if let left = worker.timeLeft { fields.append(("time_left", seconds(left))) }
        if let reason = worker.stopReason { fields.append(("stop", text(reason))) }
        if let time = worker.stoppingFor { fields.append(("stopping_for", seconds(time))) }
        return .table(fields)
    }

    private func value(_ retries: RetryInspection) -> Value {
        let first = retries.first.map { waiting -> Value in
            ["job": text(waiting.job.id), "attempt": integer(waiting.attempt), "due_in": seconds(waiting.dueIn)]
        }
        return ["waiting": integer(retries.count), "first": .array(first)]
    }

    private func value(_ breaker: BreakerState) -> Value {
        switch breaker {
        case .closed: ["state": "closed"]
        case .open(let time): ["state": "open", "for": seconds(time)]
        case .trial: ["state": "trial"]
        }
    }

    private func value(_ stops: StopInspection) -> Value {
        [
            "count": integer(stops.count),
            "p50": stops.median.map(seconds) ?? .null,
            "p99": stops.p99.map(seconds) ?? .null,
        ]
    }

    private func value(_ job: InspectedJob) -> Value {
        ["id": text(job.id), "age": job.age.map(seconds) ?? .null]
    }

    private func books(_ books: Books) -> Value {
        let outcomes = Outcome.allCases.map { (key: $0.name, value: integer(books[$0])) }
        return .table([("taken", integer(books.taken)), ("emitted", integer(books.emitted))] + outcomes)
    }

    // MARK: Values

    private func text(_ text: String) -> Value { .string(Bytes(text)) }

    private func integer(_ number: Int) -> Value { .integer(Int64(number)) }

    /// To the microsecond: a clock's digits beyond that only make lines longer.
    private func seconds(_ time: Duration) -> Value { .number((time.inSeconds * 1e6).rounded() / 1e6) }
}
