import Tidemill

/// A pipeline of `stages` trivial Swift stages: what the engine itself costs.
///
/// A job is an integer; every stage adds one, and the sum that the sink sees is checked, so that nothing can win by
/// losing jobs.
func runDispatch(stages: Int, workers: Int, jobs: Int, _ mode: DispatchMode = .shared) async throws -> Duration {
    let sink = SumSink()
    var nodes = [integers(jobs)]
    for stage in 1...stages {
        nodes.append(
            .stage("stage\(stage)", StageSettings(workers: workers, dispatch: mode)) { value in
                guard case .integer(let number) = value else { return nil }
                return .integer(number &+ 1)
            }
        )
    }
    nodes.append(.sink("sum", sink))
    // As many slots as the peer's channels have.
    for index in nodes.indices { nodes[index].channel = ChannelLimits(capacity: 256) }
    let pipeline = try Pipeline(name: "dispatch", nodes: nodes)
    let time = try await ContinuousClock().measure { try await pipeline.run() }
    guard sink.sum == sumOfIntegers(jobs) + Int64(jobs * stages), pipeline.snapshot().books.balance else {
        throw BenchmarkError(message: "jobs were lost: \(pipeline.snapshot().books)")
    }
    return time
}
