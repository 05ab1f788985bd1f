import Logging
import ServiceLifecycle
import ServiceLifecycleTestKit
import Testing
import Tidemill
import TidemillTesting

/// A drain has until the shutdown timeout, and leaves nothing behind.
@Suite(.timeLimit(.minutes(10))) struct DrainTests {
    private static let values: [Value] = (0..<400).map { .integer($0) }

    @Test func aDrainThatTakesTooLongIsCancelled() async throws {
        let (gate, clock) = (Gate(), ManualClock())
        var options = PipelineOptions.quiet
        options.clock = clock
        options.shutdownTimeout = .seconds(10)
        let source = ScriptedSource(values: Self.values, batch: 10, staysOpen: true)
        let report = try await runPipeline(
            [.source("in", source), .sink("out", CollectingSink(gate: gate))],
            options: options
        ) { pipeline in
            await gate.waiting(1)
            pipeline.drain()
            await clock.sleepers(1)
            clock.advance(by: .seconds(9))
            #expect(gate.count == 1 && clock.sleeping == 1)
            clock.advance(by: .seconds(1))
        }
        #expect(report.failure == nil && report.books[.cancelled] == report.books.taken)
    }

    @Test func aDrainThatEndsInTimeLeavesNobodyWaiting() async throws {
        let clock = ManualClock()
        var options = PipelineOptions.quiet
        options.clock = clock
        let source = ScriptedSource(values: Self.values, staysOpen: true)
        let sink = CollectingSink()
        let report = try await runPipeline([.source("in", source), .sink("out", sink)], options: options) {
            await sink.collected(400)
            $0.drain()
        }
        #expect(report.books[.delivered] == 400)
        while clock.sleeping > 0 { await Task.yield() }
    }

    @Test func gracefulShutdownDrains() async throws {
        let source = ScriptedSource(values: Self.values, staysOpen: true)
        let sink = CollectingSink()
        var options = PipelineOptions.quiet
        // In real time, on a machine that may be busy.
        options.shutdownTimeout = .seconds(600)
        let pipeline = try Pipeline(
            name: "service",
            nodes: [.source("in", source), .sink("out", sink)],
            options: options
        )
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup { group in
                group.addTask { try await pipeline.run() }
                await sink.collected(100)
                trigger.triggerGracefulShutdown()
                try await group.waitForAll()
            }
        }
        let report = try report(on: pipeline, .success(()))
        #expect(report.books[.delivered] == source.sentCount && report.snapshot.isDraining)
        #expect(report.snapshot.phase == .ended)
    }

    @Test func aServiceGroupDrains() async throws {
        let source = ScriptedSource(values: Self.values, staysOpen: true)
        let (sink, gate) = (CollectingSink(), Gate())
        let pipeline = try Pipeline(
            name: "service",
            nodes: [
                .source("in", source),
                .stage("hold") { job, _ in
                    try await gate.pass()
                    return job.value
                },
                .sink("out", sink),
            ],
            options: .quiet
        )
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: pipeline)],
                logger: Logger(label: "test")
            )
        )
        let run = Task { try await group.run() }
        await gate.waiting(1)
        #expect(pipeline.snapshot().phase == .running)
        await group.triggerGracefulShutdown()
        while pipeline.snapshot().phase == .running { await Task.yield() }
        #expect(pipeline.snapshot().phase == .draining)
        gate.open()
        try await run.value
        let report = try report(on: pipeline, .success(()))
        #expect(report.books[.delivered] == source.sentCount && pipeline.leftovers.isEmpty)
    }

    /// What waits for another attempt is tried during the drain.
    @Test func retriesGoOn() async throws {
        let clock = ManualClock()
        var options = PipelineOptions.quiet
        options.clock = clock
        options.shutdownTimeout = .seconds(100)
        var settings = StageSettings()
        settings.retry = RetryPolicy(initialInterval: .seconds(20), maxInterval: .seconds(20), jitter: false)
        let (source, sink) = (ScriptedSource(values: [1, 2], staysOpen: true), CollectingSink())
        let report = try await runPipeline(
            [
                .source("in", source),
                .stage("flaky", settings) { job, _ in
                    if clock.now == .zero { throw ScriptedError("not yet") }
                    return job.value
                },
                .sink("out", sink),
            ],
            options: options
        ) { pipeline in
            while pipeline.inspect().nodes[0].retries.count < 2 { await Task.yield() }
            pipeline.drain()
            await clock.sleepers(1)
            #expect(pipeline.snapshot().phase == .draining)
            clock.advance(by: .seconds(20))
        }
        #expect(report.failure == nil && report.books[.delivered] == 2 && report.node("flaky")?.retried == 2)
    }

    /// The stage takes nothing, so nothing moves until the time is up.
    @Test func anOpenBreakerIsWaitedFor() async throws {
        let clock = ManualClock()
        var options = PipelineOptions.quiet
        options.clock = clock
        options.shutdownTimeout = .seconds(10)
        var settings = StageSettings()
        settings.breaker = BreakerPolicy(minJobs: 1, pause: .seconds(1_000), maxPause: .seconds(1_000))
        let source = ScriptedSource(values: Self.values, batch: 1, staysOpen: true)
        let box = Box()
        let report = try await runPipeline(
            [
                .source("in", source), .stage("down", settings) { _, _ in throw ScriptedError("down") },
                .sink("out", CollectingSink()),
            ],
            deadLetters: CollectingSink(),
            options: options
        ) { pipeline in
            box.set(pipeline)
            while pipeline.snapshot().books.taken < 400 { await Task.yield() }
            while pipeline.snapshot().books[.deadLettered] == 0 { await Task.yield() }
            pipeline.drain()
            while pipeline.inspect().nodes[0].channel.queued == 0 { await Task.yield() }
            await clock.sleepers(1)
            #expect(pipeline.snapshot().phase == .draining)
            clock.advance(by: .seconds(10))
        }
        let left = try #require(box.pipeline?.leftovers)
        #expect(report.failure == nil && left.messages == report.books[.cancelled] && left.messages > 0)
        #expect(report.books[.cancelled] + report.books[.deadLettered] == 400)
        #expect(left.places.allSatisfy { $0.node == "down" })
    }

    /// The attempts that failed before count, the one that was interrupted does not.
    @Test func anInterruptedJobHasNotBurntAnAttempt() async throws {
        let (gate, clock, box) = (Gate(), ManualClock(), Box())
        var options = PipelineOptions.quiet
        options.clock = clock
        options.shutdownTimeout = .seconds(10)
        var settings = StageSettings()
        settings.retry = RetryPolicy(initialInterval: .seconds(5), maxInterval: .seconds(5), jitter: false)
        let source = ScriptedSource(values: [1], staysOpen: true)
        _ = try await runPipeline(
            [
                .source("in", source),
                .stage("flaky", settings) { job, _ in
                    if clock.now == .zero { throw ScriptedError("not yet") }
                    try await gate.pass()
                    return job.value
                },
                .sink("out", CollectingSink()),
            ],
            options: options
        ) { pipeline in
            box.set(pipeline)
            while pipeline.inspect().nodes[0].retries.count < 1 { await Task.yield() }
            await clock.sleepers(1)
            clock.advance(by: .seconds(5))
            await gate.waiting(1)
            #expect(pipeline.inspect().nodes[0].workers[0].attempt == 2)
            pipeline.drain()
            await clock.sleepers(1)
            clock.advance(by: .seconds(10))
        }
        let job = try #require(box.pipeline?.leftovers.jobs.first)
        #expect(job.state == .atWork && job.outcome == .cancelled && job.failedAttempts == 1 && job.age == .seconds(15))
        #expect(source.messageOutcomes == [.cancelled])
    }

    /// A worker that hears of nothing is left behind after the grace, and its job is among what is left.
    @Test func aStuckWorkerIsLeftBehind() async throws {
        let (gate, clock, box) = (Gate(), ManualClock(), Box())
        var options = PipelineOptions.quiet
        options.clock = clock
        options.shutdownTimeout = .seconds(10)
        options.stopGrace = .seconds(1)
        let source = ScriptedSource(values: [1, 2, 3], batch: 1, staysOpen: true)
        let report = try await runPipeline(
            [
                .source("in", source),
                .stage("stuck") { job, _ in
                    await gate.passUninterrupted()
                    return job.value
                },
                .sink("out", CollectingSink()),
            ],
            options: options
        ) { pipeline in
            box.set(pipeline)
            await gate.waiting(1)
            while pipeline.snapshot().books.taken < 3 { await Task.yield() }
            pipeline.drain()
            await clock.sleepers(1)
            clock.advance(by: .seconds(10))
            while pipeline.snapshot().phase == .draining { await Task.yield() }
            await clock.sleepers(1)
            clock.advance(by: .seconds(1))
        }
        let left = try #require(box.pipeline?.leftovers)
        #expect(report.failure == nil && left.messages == 3 && report.node("stuck")?.givenUp == 1)
        #expect(left.jobs.map(\.state) == [.atWork, .queued, .queued] && left.jobs[0].failedAttempts == 0)
        // The handler comes back when all is over, and touches nothing.
        gate.open()
    }
}
