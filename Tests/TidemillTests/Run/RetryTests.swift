import Synchronization
import Testing
import Tidemill
import TidemillTesting

/// Jobs that get another attempt, in a pipeline whose time stands still.
@Suite(.timeLimit(.minutes(10))) struct RetryTests {
    private let clock = ManualClock()

    private var options: PipelineOptions {
        var options = PipelineOptions.quiet
        options.clock = clock
        return options
    }

    private func retrying(_ attempts: Int, workers: Int = 1, order: JobOrder = .none) -> StageSettings {
        var settings = StageSettings(workers: workers, order: order)
        settings.retry = RetryPolicy(maxAttempts: attempts, initialInterval: .seconds(1), jitter: false)
        return settings
    }

    private static func numbers(_ count: Int) -> [Value] { (0..<count).map { .integer(Int64($0)) } }

    @Test func aJobThatWaitsHoldsNoWorker() async throws {
        let (sink, source) = (CollectingSink(), ScriptedSource(values: Self.numbers(9)))
        let report = try await runPipeline(
            [
                .source("in", source),
                .stage("work", retrying(3)) { job, context in
                    if job.value == 0, context.attempt < 3 { throw ScriptedError("not yet") }
                    return job.value == 0 ? .integer(Int64(100 * context.attempt)) : job.value
                },
                .sink("out", sink),
            ],
            options: options
        ) { _ in
            // The one worker does all the others meanwhile.
            await sink.collected(8)
            await clock.sleepers(1)
            clock.advance(by: .seconds(1))
            await clock.sleepers(1)
            clock.advance(by: .seconds(2))
        }
        #expect(sink.integers == Array(1...8) + [300])
        #expect(report.books[.delivered] == 9 && source.messageOutcomes == Array(repeating: .delivered, count: 9))
    }

    @Test(arguments: [1, 3]) func inputOrderIsKept(workers: Int) async throws {
        let sink = CollectingSink()
        let run = Task { [options, clock] in
            try await runPipeline(
                [
                    .source("in", ScriptedSource(values: Self.numbers(200), batch: 7)),
                    .stage("work", retrying(4, workers: workers, order: .input)) { job, context in
                        let number = Int(job.value.integer ?? 0)
                        if number % 10 == 3, context.attempt <= number % 3 { throw ScriptedError("not yet") }
                        return job.value
                    },
                    .sink("out", sink),
                ],
                options: options
            ) { _ in
                while sink.jobs.count < 200 {
                    clock.advance(by: .seconds(1))
                    await Task.yield()
                }
            }
        }
        let report = try await run.value
        #expect(sink.integers == Array(0..<200))
        #expect(report.books[.delivered] == 200)
    }

    @Test func theLastFailureGoesByPolicyWithAllAttempts() async throws {
        let letters = CollectingSink()
        let calls = Atomic<Int>(0)
        let report = try await runPipeline(
            [
                .source("in", ScriptedSource(values: [1])),
                .stage("work", retrying(3)) { _, context in
                    calls.add(1, ordering: .relaxed)
                    throw ScriptedError("attempt \(context.attempt)")
                },
                .sink("out", CollectingSink()),
            ],
            deadLetters: letters,
            options: options
        ) { _ in
            for seconds in [1, 2] {
                await clock.sleepers(1)
                clock.advance(by: .seconds(seconds))
            }
        }
        #expect(calls.load(ordering: .relaxed) == 3 && report.books[.deadLettered] == 1)
        let attempts = letters.values.first?["attempts"]?.elements ?? []
        #expect(attempts.map { $0["error"] } == ["attempt 1", "attempt 2", "attempt 3"])
        #expect(
            attempts.map { $0["at"]?.text?.prefix(19) } == [
                "2024-01-01T00:00:00", "2024-01-01T00:00:01", "2024-01-01T00:00:03",
            ]
        )
    }

    @Test func cancellationEndsTheWaitAndHandsBack() async throws {
        let source = ScriptedSource(values: [1])
        let report = try await runPipeline(
            [
                .source("in", source), .stage("work", retrying(3)) { _ in throw ScriptedError("no") },
                .sink("out", CollectingSink()),
            ],
            options: options
        ) { pipeline in
            await clock.sleepers(1)
            pipeline.cancel()
        }
        #expect(source.messageOutcomes == [.cancelled] && report.books[.cancelled] == 1)
        #expect(clock.sleeping == 0)
    }

    @Test func aDrainGoesOnTrying() async throws {
        let source = ScriptedSource(values: [1], staysOpen: true)
        let sink = CollectingSink()
        _ = try await runPipeline(
            [
                .source("in", source),
                .stage("work", retrying(3)) { job, context in
                    if context.attempt == 1 { throw ScriptedError("no") }
                    return job.value
                },
                .sink("out", sink),
            ],
            options: options
        ) { pipeline in
            await clock.sleepers(1)
            pipeline.drain()
            clock.advance(by: .seconds(1))
        }
        #expect(source.messageOutcomes == [.delivered] && sink.values == [1])
    }

    @Test func anOpenBreakerPausesUpstreamAndDropsNothing() async throws {
        var settings = StageSettings()
        settings.retry = RetryPolicy(maxAttempts: 50, initialInterval: .milliseconds(10), jitter: false)
        settings.breaker = BreakerPolicy(minJobs: 5, pause: .seconds(5))
        let isDown = Atomic<Bool>(true)
        let calls = Atomic<Int>(0)
        let (sink, source) = (CollectingSink(), ScriptedSource(values: Self.numbers(100), batch: 1))
        var nodes: [PipelineNode] = [
            .source("in", source),
            .stage("work", settings) { job, _ in
                calls.add(1, ordering: .relaxed)
                if isDown.load(ordering: .relaxed) { throw ScriptedError("down") }
                return job.value
            },
            .sink("out", sink),
        ]
        nodes[1].channel = ChannelLimits(capacity: 2)
        let report = try await runPipeline(nodes, options: options) { _ in
            // The breaker's alarm and the retries sleep; nothing but trials is called, however long it takes.
            await clock.sleepers(1)
            for _ in 0..<4 { clock.advance(by: .seconds(1)) }
            let before = calls.load(ordering: .relaxed)
            #expect(before < 20)
            isDown.store(false, ordering: .relaxed)
            while sink.jobs.count < 100 {
                clock.advance(by: .seconds(1))
                await Task.yield()
            }
        }
        #expect(sink.integers.sorted() == Array(0..<100) && report.books[.delivered] == 100)
    }
}
