import Tidemill
import TidemillTesting

/// The nodes of pipelines with a scaled stage.
enum ScaledPipeline {
    /// A source that sends so many jobs a second, whatever becomes of them, one phase after the other.
    static func source(_ phases: [(seconds: Int, rate: Int)]) -> PipelineNode {
        .source("in") { output in
            var number: Int64 = 0
            for (seconds, rate) in phases {
                for _ in 0..<seconds * rate {
                    try await output.clock.sleep(for: .seconds(1) / rate)
                    try await output.send(.integer(number))
                    number += 1
                }
            }
        }
    }

    static func settings(_ policy: ScalingPolicy) -> StageSettings {
        var settings = StageSettings()
        settings.scaling = policy
        return settings
    }

    /// A stage whose jobs wait for 50 ms each.
    static func waiting(_ policy: ScalingPolicy) -> PipelineNode {
        .stage("work", settings(policy)) { job, context in
            try await context.worker.clock.sleep(for: .milliseconds(50))
            return job.value
        }
    }

    static let sink = PipelineNode.sink("out") { _ in }

    /// As many values as anybody takes.
    static let backlog = PipelineNode.source("in") { output in
        while true { try await output.send(.integer(1)) }
    }
}

extension Pipeline {
    /// How the size of the stage `work` has changed, and when.
    var scalings: [ScalingEvent] { snapshot().nodes.first { $0.name == "work" }?.scaling ?? [] }
}
