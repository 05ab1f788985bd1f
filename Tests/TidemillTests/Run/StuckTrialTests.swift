import Testing
import Tidemill
import TidemillTesting

/// A job that a circuit breaker lets through on trial, and whose worker has to be given up.
@Suite(.timeLimit(.minutes(10))) struct StuckTrialTests {
    @Test(arguments: DispatchMode.allCases) func anotherIsTriedInPlaceOfOneThatIsStuck(dispatch: DispatchMode)
        async throws
    {
        try await checkSeeds(count: 20) { simulation in
            var settings = StageSettings(workers: 2, dispatch: dispatch)
            settings.timeout = .seconds(1)
            settings.breaker = BreakerPolicy(minJobs: 1, pause: .seconds(10))
            var stage = PipelineNode.stage("work", settings) { job, context in
                let clock = context.worker.clock
                if job.value == 0 { throw ScriptedError("it fails") }
                if job.value == 1 {
                    _ = await simulation.task { try await clock.sleep(for: .seconds(100)) }.result
                }
                return job.value
            }
            stage.onError = .drop
            var options = simulation.options
            options.stopGrace = .seconds(1)
            let pause = ScriptedSource.Step.pause(.seconds(1))
            let source = ScriptedSource([.send(Job(0)), pause, .send(Job(1)), pause, .send(Job(2))])
            let sink = CollectingSink()
            let nodes = [.source("in", source), stage, .sink("out", sink)]
            let report = try await simulation.run(nodes, options: options)
            #expect(sink.integers == [2] && report.node("work")?.givenUp == 1)
            try await simulation.clock.sleep(for: .seconds(100))
        }
    }
}
