import Logging
import Synchronization
import Tidemill

/// What a source brought, through a real pipeline.
struct Gathered: Sendable {
    struct Failure: Equatable {
        let message: String
        let value: Value
    }

    var jobs: [Job] = []
    var letters: [Value] = []
    var error: (any Error)?
    var source: NodeSnapshot?
    var isBalanced = false

    var texts: [String] { jobs.map { $0.value.text ?? $0.value.description } }
    var values: [Value] { jobs.map(\.value) }

    var failures: [Failure] {
        letters.map { Failure(message: $0["error"]?["message"]?.text ?? "", value: $0["value"] ?? .null) }
    }

    /// What the run failed with, in words.
    var problem: String? { error.map { String(describing: $0) } }
}

/// Runs a source to its end; `seen` is called with the number of jobs that came so far, and may drain the pipeline.
func gather(
    _ source: any Source,
    clock: any PipelineClock = SystemClock(),
    seen: @escaping @Sendable (Int, Pipeline?) -> Void = { _, _ in }
) async throws -> Gathered {
    let gathered = Mutex(Gathered())
    let holder = Mutex<Pipeline?>(nil)
    let pipeline = try Pipeline(
        name: "test",
        nodes: [
            .source("in", source),
            .sink("out") { batch in
                let jobs = (0..<batch.count).map { batch[$0] }
                let count = gathered.withLock { gathered in
                    gathered.jobs += jobs
                    return gathered.jobs.count
                }
                seen(count, holder.withLock { $0 })
            },
        ],
        deadLetters: LetterSink { letter in gathered.withLock { $0.letters.append(letter) } },
        options: PipelineOptions(logger: .quiet, clock: clock)
    )
    holder.withLock { $0 = pipeline }
    var failure: (any Error)?
    do {
        try await pipeline.run()
    } catch {
        failure = error
    }
    holder.withLock { $0 = nil }
    let snapshot = pipeline.snapshot()
    return gathered.withLock { gathered in
        gathered.error = failure
        gathered.source = snapshot.nodes.first
        gathered.isBalanced = snapshot.books.balance
        return gathered
    }
}

private struct LetterSink: Sink {
    let take: @Sendable (Value) -> Void

    func write(_ batch: borrowing SinkBatch) async throws {
        for index in 0..<batch.count { take(batch.value(at: index)) }
    }
}

extension Sink {
    /// Writes jobs as one batch, and gives what failed of them.
    func write(_ jobs: [Job]) async throws -> [Int: String] {
        let deliveries = Batch<Delivery>()
        for job in jobs { deliveries.append(Delivery(job, ticket: Ticket(source: 0, sequence: 0))) }
        let batch = SinkBatch(deliveries)
        try await write(batch)
        return batch.failures.byIndex.mapValues(\.message)
    }

    /// Writes values as one batch, and gives what failed of them.
    func write(_ values: [Value]) async throws -> [Int: String] {
        try await write(values.map { Job($0) })
    }
}

/// Opens a sink, writes one batch and closes it.
func written(_ values: [Value], to sink: any Sink) async throws -> [Int: String] {
    try await sink.open()
    let failures = try await sink.write(values)
    try await sink.close()
    return failures
}

extension Logger {
    /// Hears nothing.
    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
