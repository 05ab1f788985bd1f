import ServiceLifecycleTestKit
import Testing
import Tidemill
import TidemillTesting

/// Whole pipelines in virtual time: what happens when is exact, whoever runs first.
@Suite(.timeLimit(.minutes(10))) struct SimulatedPipelineTests {
    @Test func aSourceThatSendsEveryHourForAWeek() async throws {
        try await checkSeeds(count: 20, limits: SimulationLimits(time: .seconds(10 * 86_400))) { simulation in
            let source = PipelineNode.source("hourly") { output in
                for hour in 1...168 as ClosedRange<Int64> {
                    try await output.clock.sleep(for: .seconds(3600))
                    try await output.send(.integer(hour))
                }
            }
            let stage = PipelineNode.stage("on time", StageSettings(workers: 2)) { job, context in
                let isOnTime = context.worker.clock.now == .seconds(3600 * (job.value.integer ?? 0))
                return isOnTime ? job.value : nil
            }
            let sink = CollectingSink()
            let report = try await simulation.run([source, stage, .sink("end", sink)])
            #expect(sink.integers == Array(1...168))
            #expect(report.snapshot.time == .seconds(168 * 3600))
        }
    }

    @Test func aDrainEndsAtItsTimeoutAndNotBefore() async throws {
        try await checkSeeds(count: 20) { simulation in
            var options = simulation.options
            options.shutdownTimeout = .seconds(25)
            let source = ScriptedSource(values: (0..<3).map { Value.integer($0) }, staysOpen: true)
            let stage = PipelineNode.stage("never ends", StageSettings(workers: 3)) { job, context in
                try await context.worker.clock.sleep(for: .seconds(1_000_000))
                return job.value
            }
            let report = try await simulation.run(
                [.source("source", source), stage, .sink("end", CollectingSink())],
                options: options
            ) { pipeline in
                try await simulation.clock.sleep(for: .seconds(5))
                pipeline.drain()
                try await simulation.clock.sleep(for: .seconds(24))
                #expect(!pipeline.snapshot().isEnded)
            }
            #expect(report.snapshot.time == .seconds(30))
            #expect(source.messageOutcomes == [.cancelled, .cancelled, .cancelled])
        }
    }

    @Test func aGracefulShutdownIsADrain() async throws {
        try await checkSeeds(count: 20) { simulation in
            let source = ScriptedSource(values: (0..<30).map { Value.integer($0) }, staysOpen: true)
            let sink = CollectingSink()
            let report = try await testGracefulShutdown { trigger in
                try await simulation.run([.source("source", source), .sink("end", sink)]) { _ in
                    try await simulation.clock.sleep(for: .seconds(1))
                    trigger.triggerGracefulShutdown()
                }
            }
            #expect(report.failure == nil)
            #expect(report.snapshot.time == .seconds(1))
            #expect(sink.integers == Array(0..<30))
        }
    }
}
