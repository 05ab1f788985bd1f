import Logging
import Synchronization
import Tidemill
import TidemillTesting

@testable import TidemillConnectors

/// What one run of a source delivered, and what it logged.
struct Delivered {
    var values: [Value] = []
    var problem: String?
    var failed = 0
    var logs: [String] = []

    var texts: [String] { values.map { $0.text ?? $0.description } }
}

/// Runs a source into a sink; with `failingWrite` the sink breaks there, and what is behind is handed back.
func deliver(
    _ source: any Source,
    failingWrite: Int? = nil,
    check: @escaping @Sendable (Job) -> JobFailure? = { _ in nil },
    policy: ErrorPolicy? = nil
) async throws -> Delivered {
    let sink = CollectingSink(failingWrite: failingWrite, check: check)
    let log = CollectedLog()
    var node = PipelineNode.sink("out", sink)
    node.onError = policy
    let pipeline = try Pipeline(
        name: "test",
        nodes: [.source("in", source), node],
        options: PipelineOptions(logger: Logger(label: "test") { _ in log })
    )
    var delivered = Delivered()
    do {
        try await pipeline.run()
    } catch {
        delivered.problem = String(describing: error)
    }
    delivered.values = sink.values
    delivered.failed = pipeline.snapshot().books[.rejected]
    delivered.logs = log.lines
    return delivered
}

/// Keeps what is logged at the level info and above.
final class CollectedLog: LogHandler {
    private let kept = Mutex<[String]>([])
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .info }
        set {}
    }

    var lines: [String] { kept.withLock { $0 } }

    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) { kept.withLock { $0.append("\(event.level): \(event.message)") } }
}
