import Logging
public import Tidemill

/// What a run of a pipeline came to.
public struct PipelineReport: Sendable {
    /// The pipeline at its end.
    public let snapshot: PipelineSnapshot
    /// Why it failed, if it did.
    public let failure: PipelineError?

    /// What was taken in and what became of it.
    public var books: Books { snapshot.books }

    /// What one node did; nil where there is none of that name.
    public func node(_ name: String) -> NodeSnapshot? { snapshot.nodes.first { $0.name == name } }
}

/// A run at whose end not every job had exactly one outcome: an error of the engine's, or of a node's processor.
public struct PipelineImbalance: Error, CustomStringConvertible {
    /// What doesn't add up.
    public let description: String
}

/// Runs a pipeline to its end and checks that every job had an outcome and every message was settled.
///
/// `during` runs beside the pipeline, for what a test does to it meanwhile; the pipeline is waited for in any case.
///
/// - Throws: ``PipelineImbalance``, or what `during` or building the pipeline threw. A failure of the pipeline itself
///   is in the report.
public func runPipeline(
    _ nodes: [PipelineNode],
    deadLetters: (any Sink)? = nil,
    options: PipelineOptions = .quiet,
    during: @Sendable (Pipeline) async throws -> Void = { _ in }
) async throws -> PipelineReport {
    let pipeline = try Pipeline(name: "test", nodes: nodes, deadLetters: deadLetters, options: options)
    let run = Task(executorPreference: options.executor) { try await pipeline.run() }
    let mishap: (any Error)?
    do {
        try await during(pipeline)
        mishap = nil
    } catch {
        mishap = error
        pipeline.cancel()
    }
    let result = await run.result
    if let mishap { throw mishap }
    return try report(on: pipeline, result)
}

/// Checks the books and the ledgers of a pipeline whose run is over.
///
/// - Throws: ``PipelineImbalance``, or the run's own error where that is no ``PipelineError``.
public func report(on pipeline: Pipeline, _ result: Result<Void, any Error>) throws -> PipelineReport {
    let snapshot = pipeline.snapshot()
    guard snapshot.isEnded else { throw PipelineImbalance(description: "the run came back before its end") }
    guard snapshot.books.balance else {
        throw PipelineImbalance(description: "the books don't balance: \(snapshot.books)")
    }
    guard pipeline.unsettledMessages == 0 else {
        throw PipelineImbalance(description: "\(pipeline.unsettledMessages) messages were not settled")
    }
    for node in snapshot.nodes where node.queued > 0 || node.busy > 0 {
        throw PipelineImbalance(description: "\(node.name) has \(node.queued) jobs queued, \(node.busy) workers busy")
    }
    switch result {
    case .success: return PipelineReport(snapshot: snapshot, failure: nil)
    case .failure(let failure as PipelineError): return PipelineReport(snapshot: snapshot, failure: failure)
    case .failure(let error): throw error
    }
}

extension PipelineOptions {
    /// The defaults, without a log.
    public static var quiet: PipelineOptions {
        PipelineOptions(logger: Logger(label: "tidemill.test") { _ in SwiftLogNoOpLogHandler() })
    }
}
