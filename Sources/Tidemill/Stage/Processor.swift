/// What a worker does with a batch of jobs: call a Swift handler, a closure, a script or a sink for each.
///
/// One belongs to one worker. It takes every delivery out of the batch and says of each, in order, what became of it.
package protocol Processor: AnyObject {
    func process(_ batch: Batch<Delivery>, _ results: BatchResults) async
    func close() async
}

extension Processor {
    package func close() async {}
}

/// Makes a worker's processor, on the worker's own thread.
package typealias ProcessorFactory = @Sendable (WorkerContext) async throws -> any Processor

/// What became of a batch: jobs for each port, failures, and jobs that ended here.
///
/// Nothing of it has happened yet when a processor fills it; the ``Router`` makes it so. `@unchecked Sendable`: it
/// belongs to one worker at a time, and a worker that leaves it with the ``Sequencer`` takes its hands off it.
package final class BatchResults: @unchecked Sendable {
    /// The jobs that go on, by port.
    package let outputs: [Batch<Delivery>]
    /// The jobs that go on to those that read the stage itself: port 0.
    package let main: Batch<Delivery>
    /// The jobs that failed, with the value that they came with.
    package internal(set) var failures: [(delivery: Delivery, failure: JobFailure)] = []
    /// The jobs that ended here.
    package let settled = Batch<(ticket: Ticket, outcome: Outcome)>()
    /// The settled jobs that are not done, in full, for who asks what is left.
    private(set) var unfinished: [(delivery: Delivery, outcome: Outcome, state: JobState)] = []
    /// Whether a processor is to stop behind the first job that fails, and leave the rest in the batch: results that
    /// keep their order can't have a gap in the middle.
    package internal(set) var stopsAtFailure = false
    /// Whether the processor is to stop here, because a job has failed.
    package var isStopped: Bool { stopsAtFailure && !failures.isEmpty }
    /// The messages that have more jobs now than they had.
    package private(set) var added: [(ticket: Ticket, extra: Int)] = []

    package init(ports: Int) {
        main = Batch()
        outputs = [main] + (1..<max(ports, 1)).map { _ in Batch() }
    }

    /// The first jobs of the batch go on as they are.
    package func pass(_ count: Int, of batch: Batch<Delivery>) {
        let first = main.count
        main.append(moving: count, from: batch)
        for index in first..<main.count where main[index].job.details != nil {
            main[index].job.details = main[index].job.details?.withoutAttempts
        }
    }

    /// The job goes on with this value, and keeps its key and metadata.
    package func pass(_ delivery: consuming Delivery, _ value: consuming Value) {
        main.append(onward(value, delivery.job.details, delivery.ticket))
    }

    /// The job became this one.
    package func pass(_ ticket: Ticket, _ job: consuming Job) {
        main.append(onward(job.value, job.details, ticket))
    }

    /// The job became these, none of them or several.
    package func pass(_ ticket: Ticket, _ jobs: [(port: Int, job: Job)]) {
        guard !jobs.isEmpty else { return settle(ticket, .filtered) }
        if jobs.count > 1 { added.append((ticket, jobs.count - 1)) }
        for (port, job) in jobs { outputs[port].append(onward(job.value, job.details, ticket)) }
    }

    /// What goes on: its attempts were those at this stage.
    private func onward(_ value: consuming Value, _ details: JobDetails?, _ ticket: Ticket) -> Delivery {
        Delivery(Job(value: value, details: details?.withoutAttempts), ticket: ticket)
    }

    /// The job ended here.
    package func settle(_ ticket: Ticket, _ outcome: Outcome) {
        settled.append((ticket, outcome))
    }

    /// The job ended here; if it is not done, it is noted in full.
    package func settle(_ delivery: borrowing Delivery, _ outcome: Outcome, _ state: JobState = .atWork) {
        if !outcome.isSettled { unfinished.append((copy delivery, outcome, state)) }
        settle(delivery.ticket, outcome)
    }

    /// The job was stopped for that reason; `timeout` is its failure where the attempt took too long.
    package func stop(_ delivery: Delivery, _ reason: StopReason, timeout: JobFailure) {
        if let outcome = reason.outcome { settle(delivery, outcome) } else { fail(delivery, timeout) }
    }

    /// The job failed; the stage's policy says what happens to it.
    package func fail(_ delivery: Delivery, _ failure: JobFailure) {
        failures.append((delivery, failure))
    }

    func removeAll() {
        failures.removeAll(keepingCapacity: true)
        added.removeAll(keepingCapacity: true)
        settled.removeAll()
        unfinished.removeAll()
        for output in outputs { output.removeAll() }
    }
}
