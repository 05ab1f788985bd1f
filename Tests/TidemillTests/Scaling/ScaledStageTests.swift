import Testing
import TidemillTesting

@testable import Tidemill

/// Whole pipelines in virtual time whose stage has as many workers as it needs.
@Suite(.timeLimit(.minutes(10))) struct ScaledStageTests {
    private let limits = SimulationLimits(steps: 5_000_000)

    @Test func itFollowsAStepAndStaysThere() async throws {
        try await checkSeeds(count: 5, limits: limits) { simulation in
            let report = try await simulation.run([
                ScaledPipeline.source([(10, 2), (70, 60), (20, 2)]),
                ScaledPipeline.waiting(ScalingPolicy(max: 64)),
                ScaledPipeline.sink,
            ]) { pipeline in
                try await simulation.clock.sleep(for: .seconds(10))
                #expect(try pipeline.workers(of: "work") == 1)
                // 60 jobs a second keep three workers busy.
                try await simulation.clock.sleep(for: .seconds(5))
                let settled = try pipeline.workers(of: "work")
                #expect(4...5 ~= settled, "\(pipeline.scalings)")
                #expect(pipeline.snapshot().nodes[1].queued < 10)
                let changes = pipeline.scalings
                try await simulation.clock.sleep(for: .seconds(64))
                #expect(pipeline.scalings == changes, "it oscillates")
                try await simulation.clock.sleep(for: .seconds(6))
                #expect(try pipeline.workers(of: "work") == 1, "\(pipeline.scalings)")
                let states = pipeline.inspect().nodes[0].workers.map(\.state)
                #expect(states.count { $0 != .absent } == 1, "those that are too many have left: \(states)")
            }
            #expect(report.books[.delivered] == 20 + 4_200 + 40)
            let node = try #require(report.node("work"))
            // Ten seconds and twenty with one worker, and seventy with four.
            #expect(2.9...3.5 ~= node.meanWorkers)
        }
    }

    @Test func aBacklogGetsAllWorkersThatThereMayBe() async throws {
        try await checkSeeds(count: 3, limits: limits) { simulation in
            _ = try await simulation.run([
                ScaledPipeline.backlog,
                ScaledPipeline.waiting(ScalingPolicy(max: 16)),
                ScaledPipeline.sink,
            ]) { pipeline in
                try await simulation.clock.sleep(for: .seconds(3))
                let before = pipeline.snapshot().nodes[1].received
                try await simulation.clock.sleep(for: .seconds(10))
                let done = pipeline.snapshot().nodes[1].received - before
                #expect(done >= 10 * 16 * 20 * 9 / 10, "\(done)")
                let scaling = try #require(pipeline.inspect().nodes[0].scaling)
                #expect(scaling.reason == "16 workers are as many as there may be" && scaling.max == 16)
                pipeline.cancel()
            }
        }
    }

    /// Nothing fails because there might have been more, and nobody tries again and again.
    @Test func workersThatCannotBeStartedAreDoneWithout() async throws {
        try await checkSeeds(count: 5, limits: limits) { simulation in
            let log = LogLines()
            var options = simulation.options
            options.logger = log.logger
            let settings = ScaledPipeline.settings(ScalingPolicy(max: 8))
            let stage = PipelineNode.stage("work", settings) { context -> any Handler in
                if context.worker > 2 { throw ScriptedError("no more connections") }
                return Waiting(clock: context.clock)
            }
            let report = try await simulation.run(
                [ScaledPipeline.source([(30, 60)]), stage, ScaledPipeline.sink],
                options: options
            ) { pipeline in
                try await simulation.clock.sleep(for: .seconds(20))
                #expect(try pipeline.workers(of: "work") == 2)
                let reason = pipeline.inspect().nodes[0].scaling?.reason
                #expect(reason == "more workers would be of use, but another one could not be started")
            }
            #expect(report.failure == nil && report.books[.delivered] == 1_800)
            let tries = log.messages.count { $0 == "another worker can't be started" }
            #expect(2...10 ~= tries, "\(log.messages)")
            #expect(log.messages.contains { $0.hasPrefix("1 -> 2 workers: jobs wait ") })
        }
    }

    @Test func whoWaitsForRoomGetsNoMoreWorkers() async throws {
        try await checkSeeds(count: 5, limits: limits) { simulation in
            var sink = PipelineNode.sink("out") { _ in try await simulation.clock.sleep(for: .seconds(2)) }
            sink.channel.capacity = 1
            _ = try await simulation.run([
                ScaledPipeline.backlog,
                .stage("work", ScaledPipeline.settings(ScalingPolicy(max: 8))) { value in value },
                sink,
            ]) { pipeline in
                try await simulation.clock.sleep(for: .seconds(30))
                #expect(pipeline.scalings.isEmpty, "\(pipeline.scalings)")
                let reason = try #require(pipeline.inspect().nodes[0].scaling?.reason)
                #expect(reason.hasPrefix("the workers wait for room in the next node"), "\(reason)")
                pipeline.cancel()
            }
        }
    }

    @Test func whatAnOpenBreakerHoldsBackGetsNoMoreWorkers() async throws {
        try await checkSeeds(count: 5, limits: limits) { simulation in
            var settings = ScaledPipeline.settings(ScalingPolicy(max: 8))
            settings.breaker = BreakerPolicy(minJobs: 2, pause: .seconds(60))
            let stage = PipelineNode.stage("work", settings) { _, _ -> Value? in throw ScriptedError("no") }
            _ = try await simulation.run(
                [ScaledPipeline.source([(30, 60)]), stage, ScaledPipeline.sink],
                deadLetters: CollectingSink()
            ) { pipeline in
                try await simulation.clock.sleep(for: .seconds(20))
                #expect(pipeline.snapshot().nodes[1].queued > 100 && pipeline.scalings.isEmpty)
                let reason = pipeline.inspect().nodes[0].scaling?.reason
                #expect(reason == "held back by a rate limit or an open circuit breaker")
                pipeline.cancel()
            }
        }
    }

    @Test func whatARateLimitHoldsBackGetsNoMoreWorkers() async throws {
        try await checkSeeds(count: 5, limits: limits) { simulation in
            var settings = ScaledPipeline.settings(ScalingPolicy(max: 8))
            settings.rateLimit = .own(RateLimit(19, per: .seconds(1), burst: 1))
            let stage = PipelineNode.stage("work", settings) { job, context in
                try await context.worker.clock.sleep(for: .milliseconds(50))
                return job.value
            }
            _ = try await simulation.run([ScaledPipeline.source([(30, 60)]), stage, ScaledPipeline.sink]) { pipeline in
                try await simulation.clock.sleep(for: .seconds(20))
                let work = pipeline.snapshot().nodes[1]
                #expect(work.queued > 500 && 340...381 ~= work.received && pipeline.scalings.isEmpty)
                let reason = pipeline.inspect().nodes[0].scaling?.reason
                #expect(reason == "held back by a rate limit or an open circuit breaker")
                pipeline.cancel()
            }
        }
    }

    // MARK: By hand

    @Test func itGoesOnFromWhatSomebodySets() async throws {
        try await checkSeeds(count: 5, limits: limits) { simulation in
            _ = try await simulation.run([
                ScaledPipeline.source([(60, 2)]),
                ScaledPipeline.waiting(ScalingPolicy(max: 8)),
                ScaledPipeline.sink,
            ]) { pipeline in
                try await simulation.clock.sleep(for: .seconds(20))
                try pipeline.resize("work", to: 6)
                try await simulation.clock.sleep(for: .milliseconds(2_500))
                #expect(try pipeline.workers(of: "work") == 6, "they stay for a while")
                try await simulation.clock.sleep(for: .seconds(3))
                #expect(try pipeline.workers(of: "work") == 1)
                #expect(pipeline.scalings.map(\.workers) == [6, 1] && pipeline.scalings[0].reason == "by hand")
                for workers in [0, 9] {
                    #expect(throws: PipelineError.self) { try pipeline.resize("work", to: workers) }
                }
                let error = #expect(throws: PipelineError.self) { try pipeline.resize("work", to: 9) }
                #expect(error?.description == "work: its workers are scaled between 1 and 8")
            }
        }
    }

    /// The only worker has left because another was to come, and that one can't be started.
    @Test func withoutAnyWorkerThePipelineFails() async throws {
        try await checkSeeds(count: 10, limits: limits) { simulation in
            let stage = PipelineNode.stage("work") { context -> any Handler in
                if context.worker > 1 {
                    try await context.clock.sleep(for: .seconds(5))
                    throw ScriptedError("too late")
                }
                return Waiting(clock: context.clock)
            }
            let report = try await simulation.run([
                ScaledPipeline.source([(30, 1)]), stage, ScaledPipeline.sink,
            ]) { pipeline in
                try await simulation.clock.sleep(for: .milliseconds(100))
                try pipeline.addWorker(to: "work")
                try pipeline.removeWorker(from: "work")
            }
            let failure = try #require(report.failure)
            #expect(failure.code == .start && failure.node == "work")
        }
    }

    // MARK: What a run says of itself

    @Test func aRunSaysWhatLimitedIt() async throws {
        try await checkSeeds(count: 3, limits: limits) { simulation in
            let stage = PipelineNode.stage("work", StageSettings(workers: 4)) { job, context in
                try await context.worker.clock.sleep(for: .milliseconds(50))
                return job.value
            }
            let box = Box()
            let report = try await simulation.run([
                .source("in", ScriptedSource(values: (0..<800).map { .integer($0) })), stage, ScaledPipeline.sink,
            ]) { pipeline in
                box.set(pipeline)
                try await simulation.clock.sleep(for: .milliseconds(900))
                #expect(pipeline.snapshot().explanation == nil, "too early to say")
            }
            let text = try #require(report.snapshot.explanation)
            #expect(text.hasPrefix("`work` limits the pipeline: its 4 workers are 100 % busy"), "\(text)")
            #expect(text.hasSuffix("40 workers would do up to 10 × as much, `\"workers\": 40`."), "\(text)")
            #expect(report.snapshot.runTime == .seconds(10) && box.pipeline?.inspect().explanation == text)
        }
    }

    private struct Waiting: Handler {
        let clock: any PipelineClock

        func handle(_ job: Job, _ context: JobContext) async throws -> Value? {
            try await clock.sleep(for: .milliseconds(50))
            return job.value
        }
    }
}
