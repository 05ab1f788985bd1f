import Testing
import TidemillTesting

@testable import Tidemill

/// What a look inside a pipeline shows.
@Suite(.timeLimit(.minutes(10))) struct InspectionTests {
    @Test func phasesComeInOrder() async throws {
        let (start, gate, close, clock) = (Gate(), Gate(), Gate(), ManualClock())
        var options = PipelineOptions.quiet
        options.clock = clock
        options.shutdownTimeout = .seconds(10)
        let pipeline = try Pipeline(
            name: "test",
            nodes: [
                .source("in", ScriptedSource(values: [1, 2], staysOpen: true)),
                .stage("slow") { _ -> any Handler in
                    await start.passUninterrupted()
                    return Holding(gate: gate, end: close)
                },
                .sink("out", CollectingSink()),
            ],
            options: options
        )
        #expect(pipeline.snapshot().phase == .starting)
        let run = Task { try await pipeline.run() }
        await start.waiting(1)
        #expect(pipeline.inspect().phase == .starting && pipeline.inspect().books.taken == 0)
        start.open()
        await gate.waiting(1)
        #expect(pipeline.inspect().phase == .running)
        pipeline.drain()
        #expect(pipeline.inspect().phase == .draining)
        await clock.sleepers(1)
        clock.advance(by: .seconds(10))
        await close.waiting(1)
        #expect(pipeline.inspect().phase == .cancelling && !pipeline.snapshot().isEnded)
        close.open()
        _ = try await run.value
        #expect(pipeline.inspect().phase == .ended && pipeline.snapshot().isEnded)
        #expect(PipelinePhase.allCases.sorted() == PipelinePhase.allCases)
    }

    @Test func whatAPipelineIsAt() async throws {
        let (gate, clock) = (Gate(), ManualClock())
        var options = PipelineOptions.quiet
        options.clock = clock
        options.stopGrace = .seconds(100)
        var settings = StageSettings(workers: 2)
        settings.timeout = .seconds(60)
        let source = ScriptedSource((0..<20).map { .send(Job(.integer($0))) })
        let report = try await runPipeline(
            [
                .source("in", source),
                .stage("hold", settings) { job, _ in
                    await gate.passUninterrupted()
                    return job.value
                },
                .sink("out", CollectingSink()),
            ],
            options: options
        ) { pipeline in
            await gate.waiting(2)
            while pipeline.snapshot().books.taken < 20 { await Task.yield() }
            clock.advance(by: .seconds(5))
            let inspection = pipeline.inspect()
            #expect(inspection.sources[0].inFlight == 20 && inspection.time == .seconds(5))
            #expect(inspection.sources[0].oldest == InspectedJob(id: "in-1", age: .seconds(5)))
            let node = inspection.nodes[0]
            #expect(node.name == "hold" && node.kind == .stage && node.givenUp == 0 && node.breaker == nil)
            #expect(node.channel.queued == 18 && node.channel.capacity == 1_024)
            #expect(node.channel.first.count == 10 && node.channel.first[0].id == "in-3")
            #expect(node.workers.map(\.state) == [.atWork, .atWork] && node.workers.map(\.number) == [1, 2])
            #expect(Set(node.workers.compactMap(\.job?.id)) == ["in-1", "in-2"])
            for worker in node.workers {
                #expect(worker.attempt == 1 && worker.jobs == 1 && worker.stopReason == nil)
                #expect(worker.workingFor == .seconds(5) && worker.timeLeft == .seconds(55))
            }
            #expect(inspection.nodes[1].workers.map(\.state) == [.idle] && inspection.stops.count == 0)
            pipeline.cancel()
            clock.advance(by: .seconds(2))
            let stopped = pipeline.inspect()
            #expect(stopped.phase == .cancelling && stopped.nodes[0].workers.allSatisfy { $0.stopReason == "pipeline" })
            #expect(stopped.nodes[0].workers.allSatisfy { $0.stoppingFor == .seconds(2) })
            gate.open()
        }
        #expect(report.books.balance)
    }

    @Test func retriesAndTheBreaker() async throws {
        let clock = ManualClock()
        var options = PipelineOptions.quiet
        options.clock = clock
        var settings = StageSettings()
        settings.retry = RetryPolicy(initialInterval: .seconds(8), maxInterval: .seconds(8), jitter: false)
        settings.breaker = BreakerPolicy(minJobs: 2, pause: .seconds(30))
        let source = ScriptedSource(values: [1, 2, 3])
        let box = Box()
        _ = try await runPipeline(
            [
                .source("in", source),
                .stage("fail", settings) { _, _ in throw ScriptedError("no") },
                .sink("out", CollectingSink()),
            ],
            options: options
        ) { pipeline in
            box.set(pipeline)
            while pipeline.inspect().nodes[0].breaker == .closed { await Task.yield() }
            while pipeline.inspect().nodes[0].retries.count < 2 { await Task.yield() }
            clock.advance(by: .seconds(1))
            let node = pipeline.inspect().nodes[0]
            #expect(node.breaker == .open(for: .seconds(29)))
            let first = try #require(node.retries.first.first)
            #expect(first.job.id == "in-1" && first.attempt == 2 && first.dueIn == .seconds(7))
            pipeline.cancel()
        }
        let left = try #require(box.pipeline?.leftovers)
        #expect(left.messages == 3)
        let waiting = left.jobs.filter { $0.state == .waiting }
        #expect(waiting.count >= 2 && waiting.allSatisfy { $0.failedAttempts == 1 && $0.node == "fail" })
        #expect(box.pipeline?.snapshot().nodes[1].retried == waiting.count)
    }

    /// Any number of looks from any thread leave a run as it was.
    @Test func looksDisturbNothing() async throws {
        let source = ScriptedSource((0..<3_000).map { .send(Job(.integer($0))) })
        let sink = CollectingSink()
        let report = try await runPipeline([
            .source("in", source),
            .stage("work", StageSettings(workers: 3, order: .input)) { job, _ in job.value },
            .stage("plain") { value in value },
            .sink("out", sink),
        ]) { pipeline in
            await withDiscardingTaskGroup { group in
                for _ in 0..<2 {
                    group.addTask {
                        while !pipeline.inspect().books.balance || pipeline.inspect().phase < .ended {
                            await Task.yield()
                        }
                    }
                }
            }
        }
        #expect(report.failure == nil && sink.integers == Array(0..<3_000))
    }

    /// Also while nodes and workers come to be.
    @Test func looksDuringTheStart() async throws {
        for _ in 0..<40 {
            let report = try await runPipeline([
                .source("in", ScriptedSource(values: [1])),
                .stage("work", StageSettings(workers: 8)) { job, _ in job.value },
                .sink("out", CollectingSink()),
            ]) { pipeline in
                while pipeline.inspect().phase < .ended { await Task.yield() }
                #expect(pipeline.inspect().nodes[0].workers.map(\.state) == Array(repeating: .absent, count: 8))
            }
            #expect(report.books[.delivered] == 1)
        }
    }

    private struct Holding: Handler {
        let gate: Gate
        let end: Gate

        func handle(_ job: Job, _ context: JobContext) async throws -> Value? {
            try await gate.pass()
            return job.value
        }

        func close() async { await end.passUninterrupted() }
    }
}
