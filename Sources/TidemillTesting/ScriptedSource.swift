import Synchronization
public import Tidemill

/// A source that does what a test wrote down, step by step, and remembers what became of each of its messages.
public final class ScriptedSource: Source {
    /// One thing for the source to do.
    public enum Step: Sendable {
        /// Sends a job.
        case send(Job)
        /// Sends a job whose message has a context.
        case sendInContext(Job, MessageContext)
        /// Sends jobs as one batch.
        case sendAll([Job])
        /// Takes in a message that can't be a job.
        case fail(Job, JobFailure)
        /// Waits that long by the pipeline's clock; a cancelled wait ends the source.
        case pause(Duration)
        /// Waits at a gate; a cancelled wait ends the source.
        case wait(Gate)
        /// Throws.
        case raise(ScriptedError)
        /// Waits until the source is asked to stop.
        case untilStopped
    }

    private let steps: [Step]
    private let outcomes = Mutex<[Int: [Outcome]]>([:])
    private let closings = Mutex<[UInt64]>([])
    private let sent = Atomic<Int>(0)
    private let never = Gate()

    /// Whether it says that a rejected message comes again.
    public let takesJobsBack: Bool

    /// A source that takes these steps.
    public init(_ steps: [Step], takesJobsBack: Bool = false) {
        self.steps = steps
        self.takesJobsBack = takesJobsBack
    }

    /// A source of these values: each a message of its own, sent in batches of `batch`.
    ///
    /// With `staysOpen` it waits at the end until it is asked to stop.
    public convenience init(
        values: some Sequence<Value>,
        batch: Int = 16,
        staysOpen: Bool = false,
        takesJobsBack: Bool = false
    ) {
        let jobs = values.map { Job($0) }
        var steps = stride(from: 0, to: jobs.count, by: batch).map { start in
            Step.sendAll(Array(jobs[start..<min(start + batch, jobs.count)]))
        }
        if staysOpen { steps.append(.untilStopped) }
        self.init(steps, takesJobsBack: takesJobsBack)
    }

    /// How many messages it has given away; a batch counts when the pipeline has all of it.
    public var sentCount: Int { sent.load(ordering: .acquiring) }

    /// What it was told of each message, by the message's number from 0.
    ///
    /// More than one outcome is an error of the engine's.
    public var acknowledgements: [Int: [Outcome]] { outcomes.withLock { $0 } }

    /// The outcome of each message, in order; nil for one that had no outcome, or several.
    public var messageOutcomes: [Outcome?] {
        let all = acknowledgements
        return (0..<max(sentCount, (all.keys.max() ?? -1) + 1)).map { all[$0]?.count == 1 ? all[$0]?.first : nil }
    }

    /// How many messages were settled for good, counted from the first without a gap, each time that it was closed.
    public var settledCounts: [UInt64] { closings.withLock { $0 } }

    /// Takes its steps.
    ///
    /// - Throws: what a step says, or `CancellationError` when it is stopped.
    public func run(_ output: SourceOutput) async throws {
        var number = 0
        for step in steps {
            try Task.checkCancellation()
            switch step {
            case .send(let job): try await send([job], nil, &number, output)
            case .sendInContext(let job, let context): try await send([job], context, &number, output)
            case .sendAll(let jobs): try await send(jobs, nil, &number, output)
            case .fail(let job, let failure):
                number += 1
                sent.add(1, ordering: .releasing)
                try await output.fail(job, failure, acknowledge: receipt(number - 1))
            case .pause(let duration): try await output.clock.sleep(for: duration)
            case .wait(let gate): try await gate.pass()
            case .raise(let error): throw error
            case .untilStopped: try await never.pass()
            }
        }
    }

    /// Remembers how far its messages are settled.
    public func close(_ output: SourceOutput) async throws { closings.withLock { $0.append(output.settledCount) } }

    private func send(
        _ jobs: [Job],
        _ context: MessageContext?,
        _ number: inout Int,
        _ output: SourceOutput
    ) async throws {
        var batch = JobBatch()
        for job in jobs {
            batch.append(job, context: context, acknowledge: receipt(number))
            number += 1
        }
        do {
            try await output.send(&batch)
        } catch {
            sent.add(jobs.count, ordering: .releasing)
            throw error
        }
        sent.add(jobs.count, ordering: .releasing)
    }

    private func receipt(_ number: Int) -> @Sendable (Outcome) -> Void {
        { outcome in self.outcomes.withLock { $0[number, default: []].append(outcome) } }
    }
}
