import Synchronization
import Tidemill

/// What a job of the scaled stage does.
enum ScaledWork: String, CaseIterable {
    /// It waits for 50 ms.
    case io
    /// It keeps a core busy for about 5 ms.
    case cpu

    var time: Duration { self == .io ? .milliseconds(50) : .milliseconds(5) }
}

/// The load of a stage goes from 10 % of what one worker does to 300 %, and back: how soon there are enough workers,
/// whether that stays so, and how soon those that are too many have left.
func measureScaling(_ work: ScaledWork, most: Int) async throws -> String {
    let phases = [(seconds: 4.0, load: 0.1), (seconds: 12.0, load: 3.0), (seconds: 12.0, load: 0.1)]
    let starts = PhaseStarts()
    var settings = StageSettings()
    settings.scaling = ScalingPolicy(max: most)
    let pipeline = try Pipeline(
        name: "scaling",
        nodes: [
            steadySource(phases.map { ($0.seconds, $0.load / (work.time / .seconds(1))) }, starts),
            .stage("work", settings) { job, context in
                switch work {
                case .io: try await context.worker.clock.sleep(for: work.time)
                case .cpu: return .integer(Int64(truncatingIfNeeded: spin(steps: 5_000 * stepsAMicrosecond)))
                }
                return job.value
            },
            .sink("none") { _ in },
        ]
    )
    async let queued = mostQueued(pipeline)
    try await pipeline.run()
    guard pipeline.snapshot().books.balance else { throw BenchmarkError(message: "jobs were lost") }
    let times = starts.times.withLock { $0 }
    let changes = pipeline.snapshot().nodes[1].scaling.map { (($0.time - times[0]) / .seconds(1), $0.workers) }
    let (step, end) = ((times[1] - times[0]) / .seconds(1), (times[2] - times[0]) / .seconds(1))
    return figures(work, changes, step: step, end: end, queued: try await queued)
}

/// When each phase of the load began.
private final class PhaseStarts: Sendable {
    let times = Mutex<[Duration]>([])

    func note(_ time: Duration) { times.withLock { $0.append(time) } }
}

/// A source that sends so many jobs a second, as long as there is room for them, one phase after the other.
private func steadySource(_ phases: [(seconds: Double, rate: Double)], _ starts: PhaseStarts) -> PipelineNode {
    .source("numbers") { output in
        for (seconds, rate) in phases {
            var due = output.clock.now
            starts.note(due)
            for number in 0..<Int(seconds * rate) {
                due += .seconds(1 / rate)
                try await output.clock.sleep(for: max(due - output.clock.now, .zero))
                try await output.send(.integer(Int64(number)))
            }
        }
    }
}

/// How many jobs waited at most.
private func mostQueued(_ pipeline: Pipeline) async throws -> Int {
    var most = 0
    while !pipeline.snapshot().isEnded {
        // In real time, as the whole run is: looking more often would take the workers' processor.
        try await Task.sleep(for: .milliseconds(50))
        most = max(most, pipeline.snapshot().nodes[1].queued)
    }
    return most
}

private func figures(
    _ work: ScaledWork,
    _ changes: [(time: Double, workers: Int)],
    step: Double,
    end: Double,
    queued: Int
) -> String {
    let during = changes.filter { $0.time > step && $0.time < end }
    // Up to where it had grown to what it then had until the end of the load; what comes after that is restlessness.
    let grown = during.lastIndex { $0.workers == during.map(\.workers).max() }
    let settled = grown.map { during[$0].time - step } ?? 0
    let left = changes.last { $0.time >= end }.map { $0.time - end } ?? 0
    let sizes = changes.map { "[\(rounded($0.time)),\($0.workers)]" }.joined(separator: ",")
    return """
        {"pattern":"scaling","work":"\(work.rawValue)","settle_s":\(rounded(settled)),\
        "most":\(changes.map(\.workers).max() ?? 1),"changes_after":\(during.count - (grown.map { $0 + 1 } ?? 0)),\
        "shrink_s":\(rounded(left)),"most_queued":\(queued),"sizes":[\(sizes)]}
        """
}

private func rounded(_ number: Double) -> Double { (number * 100).rounded() / 100 }
