import Synchronization
import Testing
import Tidemill
import TidemillTesting

/// Stages of batches in whole pipelines, whatever the sizes of the batches are.
@Suite(.timeLimit(.minutes(10))) struct BatchStageTests {
    private static func numbers(_ count: Int) -> [Value] { (0..<count).map { .integer(Int64($0)) } }

    /// Every seventh number fails, every fifth is filtered, every third becomes two.
    private static func sorted(_ jobs: [Job]) -> [JobResult] {
        jobs.map { job in
            guard let number = job.value.integer else { return .failed(ScriptedError("no number")) }
            if number % 7 == 0 { return .failed(ScriptedError("seven")) }
            if number % 5 == 0 { return .filtered }
            return number % 3 == 0 ? .values([job.value, job.value]) : .value(job.value)
        }
    }

    private static var expected: [Int64] {
        (0..<500 as Range<Int64>).flatMap {
            $0 % 7 == 0 || $0 % 5 == 0 ? [] : Array(repeating: $0, count: $0 % 3 == 0 ? 2 : 1)
        }
    }

    @Test(arguments: [1, 4], JobOrder.allCases)
    func oneBadValueDoesNotFailItsNeighbours(workers: Int, order: JobOrder) async throws {
        let (sink, letters) = (CollectingSink(), CollectingSink())
        let source = ScriptedSource(values: Self.numbers(500), batch: 64)
        let report = try await runPipeline(
            [
                .source("in", source),
                .batchStage("work", StageSettings(workers: workers, order: order)) { jobs, _ in Self.sorted(jobs) },
                .sink("out", sink),
            ],
            deadLetters: letters
        )
        #expect(order == .input ? sink.integers == Self.expected : sink.integers.sorted() == Self.expected)
        #expect(letters.jobs.count == 72 && report.books[.deadLettered] == 72)
        #expect(report.books[.filtered] == (0..<500).count { $0 % 5 == 0 && $0 % 7 != 0 })
        #expect(source.messageOutcomes.count == 500)
    }

    @Test(arguments: [1, 3], [JobOrder.none, .input])
    func failedJobsAreTriedAgainEachForItself(workers: Int, order: JobOrder) async throws {
        try await checkSeeds(count: 20) { simulation in
            var settings = StageSettings(workers: workers, order: order)
            settings.retry = RetryPolicy(maxAttempts: 3, initialInterval: .seconds(1), jitter: false)
            let (sink, letters) = (CollectingSink(), CollectingSink())
            let report = try await simulation.run(
                [
                    .source("in", ScriptedSource(values: Self.numbers(60))),
                    .batchStage("work", settings) { jobs, context in
                        try await context.worker.clock.sleep(for: .milliseconds(10))
                        return jobs.indices.map { index in
                            let number = jobs[index].value.integer ?? 0
                            let isOver = context.attempt(of: index) > Int(number % 4)
                            return isOver ? .value(jobs[index].value) : .failed(ScriptedError("not yet"))
                        }
                    },
                    .sink("out", sink),
                ],
                deadLetters: letters
            )
            let expected = (0..<60 as Range<Int64>).filter { $0 % 4 != 3 }
            #expect(order == .input ? sink.integers == expected : sink.integers.sorted() == expected)
            #expect(letters.jobs.count == 15 && report.books.balance)
        }
    }

    @Test func aTimeoutFailsTheWholeBatch() async throws {
        try await simulate(seed: 1) { simulation in
            var settings = StageSettings()
            settings.timeout = .seconds(2)
            let letters = CollectingSink()
            let report = try await simulation.run(
                [
                    .source("in", ScriptedSource(values: Self.numbers(20))),
                    .batchStage("work", settings) { jobs, context in
                        if jobs.contains(where: { $0.value == 3 }) {
                            try await context.worker.clock.sleep(for: .seconds(100))
                        }
                        return jobs.map { .value($0.value) }
                    },
                    .sink("out", CollectingSink()),
                ],
                deadLetters: letters
            )
            #expect(!letters.values.isEmpty && letters.values.allSatisfy { $0["error"]?["kind"] == "timeout" })
            #expect(report.books[.delivered] + letters.jobs.count == 20 && simulation.clock.now < .seconds(10))
        }
    }

    @Test func aCancelledPipelineHandsTheBatchBack() async throws {
        let gate = Gate()
        let report = try await runPipeline([
            .source("in", ScriptedSource(values: Self.numbers(20))),
            .batchStage("work") { jobs, _ in
                try await gate.pass()
                return jobs.map { _ in .filtered }
            },
            .sink("out", CollectingSink()),
        ]) { pipeline in
            await gate.waiting(1)
            pipeline.cancel()
        }
        #expect(report.books[.cancelled] == report.books.taken)
    }

    @Test func aBatchLargerThanItsChannelIsRefused() {
        var settings = StageSettings()
        settings.batch = BatchPolicy(count: 2_000)
        let nodes: [PipelineNode] = [
            .source("in", ScriptedSource([])), .batchStage("work", settings) { _, _ in [] },
            .sink("out", CollectingSink()),
        ]
        let error = #expect(throws: PipelineError.self) { try Pipeline(name: "test", nodes: nodes) }
        let reason = "a batch of 2000 jobs never comes together: the channel in front of the stage holds 1024"
        #expect(error.map { "\($0)".contains(reason) } == true)
    }
}
