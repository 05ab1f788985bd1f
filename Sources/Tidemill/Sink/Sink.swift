public import Logging

/// Where jobs leave the pipeline: a file, a queue, a closure.
///
/// One task calls it.
public protocol Sink: Sendable {
    /// Whether it writes every value as JSON on a line of its own, so that a script in front of it may render its
    /// results as that text at once. Default: false.
    var acceptsJSONLines: Bool { get }

    /// Whether it makes blocking system calls, and so gets a thread of its own. Default: false.
    var blocksItsThread: Bool { get }

    /// Called once, before the first write; an error stops the pipeline before it starts.
    ///
    /// Default: calls ``open()``.
    func open(_ context: SinkContext) async throws

    /// Called once, before the first write; an error stops the pipeline before it starts.
    func open() async throws

    /// Delivers every job of the batch: when it returns, the jobs that it did not ``SinkBatch/fail(_:_:)`` are where
    /// they belong, as durable as the sink makes them.
    ///
    /// - Throws: when the sink itself is broken (a full disk, a closed pipe). None of the batch's jobs counts as
    ///   delivered then, and the pipeline stops.
    func write(_ batch: borrowing SinkBatch) async throws

    /// Called once, after the last write, also when the pipeline failed.
    func close() async throws
}

extension Sink {
    /// It takes values as they are.
    public var acceptsJSONLines: Bool { false }
    /// It runs on Swift's own threads.
    public var blocksItsThread: Bool { false }
    /// Calls ``open()``, for sinks that need nothing of the pipeline.
    public func open(_ context: SinkContext) async throws { try await open() }
    /// Nothing to open.
    public func open() async throws {}
    /// Nothing to close.
    public func close() async throws {}
}

/// What a sink knows of the pipeline that it is in.
public struct SinkContext: Sendable {
    /// The sink's name.
    public let name: String
    /// The pipeline's logger, with the sink in its metadata.
    public let logger: Logger
    /// The pipeline's clock.
    public let clock: any PipelineClock

    /// What a sink is to know.
    public init(name: String, logger: Logger, clock: any PipelineClock) {
        self.name = name
        self.logger = logger
        self.clock = clock
    }
}

/// The jobs that a sink is to deliver.
public struct SinkBatch: ~Copyable {
    package let deliveries: Batch<Delivery>
    package let failures = SinkFailures()

    package init(_ deliveries: Batch<Delivery>) { self.deliveries = deliveries }

    /// How many jobs there are.
    public var count: Int { deliveries.count }

    /// The job at `index`, counted from 0.
    public subscript(index: Int) -> Job { deliveries[index].job }

    /// The value of the job at `index`.
    public func value(at index: Int) -> Value { deliveries[index].job.value }

    /// Says that the job at `index` could not be delivered, for a reason that is its own.
    public func fail(_ index: Int, _ failure: JobFailure) {
        precondition(index >= 0 && index < count)
        failures.byIndex[index] = failure
    }
}

/// A box, so that a sink can report failures on a batch that it only borrows.
package final class SinkFailures {
    package var byIndex: [Int: JobFailure] = [:]
}
