import Synchronization
import Tidemill

/// A pipeline of `stages` trivial Swift stages: what the engine itself costs.
///
/// A job is an integer; every stage adds one, and the sum that the sink sees is checked, so that nothing can win by
/// losing jobs.
func runDispatch(stages: Int, workers: Int, jobs: Int) async throws -> Duration {
    let sum = Sum()
    var nodes = [integers(jobs)]
    for stage in 1...stages {
        nodes.append(
            .stage("stage\(stage)", StageSettings(workers: workers)) { value in
                guard case .integer(let number) = value else { return nil }
                return .integer(number &+ 1)
            }
        )
    }
    nodes.append(
        .sink("sum") { batch in
            var part: Int64 = 0
            for index in 0..<batch.count {
                if case .integer(let number) = batch.value(at: index) { part &+= number }
            }
            sum.value.add(part, ordering: .relaxed)
        }
    )
    // As many slots as the peer's channels have.
    for index in nodes.indices { nodes[index].channel = ChannelLimits(capacity: 256) }
    let pipeline = try Pipeline(name: "dispatch", nodes: nodes)
    let clock = ContinuousClock()
    let time = try await clock.measure { try await pipeline.run() }
    let expected = Int64(jobs) * Int64(jobs - 1) / 2 + Int64(jobs * stages)
    guard sum.value.load(ordering: .relaxed) == expected, pipeline.snapshot().books.balance else {
        throw BenchmarkError(message: "jobs were lost: \(pipeline.snapshot().books)")
    }
    return time
}

/// The integers from 0, as fast as there is room for them.
func integers(_ count: Int) -> PipelineNode {
    .source("integers") { output in
        var batch = JobBatch()
        for number in 0..<Int64(count) {
            batch.append(.integer(number))
            if batch.count == 256 { try await output.send(&batch) }
        }
        try await output.send(&batch)
    }
}

private final class Sum: Sendable {
    let value = Atomic<Int64>(0)
}

struct BenchmarkError: Error {
    let message: String
}
