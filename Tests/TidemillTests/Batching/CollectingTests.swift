import Synchronization
import Testing
import Tidemill
import TidemillTesting

/// How jobs are gathered into batches, in virtual time.
@Suite(.timeLimit(.minutes(10))) struct CollectingTests {
    private final class Batches: Sendable {
        private let batches = Mutex<[(values: [Int64], time: Duration)]>([])

        func note(_ jobs: [Job], _ time: Duration) {
            batches.withLock { $0.append((jobs.compactMap(\.value.integer), time)) }
        }

        var sizes: [Int] { batches.withLock { $0.map(\.values.count) } }
        var values: [[Int64]] { batches.withLock { $0.map(\.values) } }
        var times: [Duration] { batches.withLock { $0.map(\.time) } }
    }

    private let batches = Batches()

    private func store(
        _ policy: BatchPolicy,
        workers: Int = 1,
        _ change: (inout StageSettings) -> Void = { _ in },
        _ end: @escaping @Sendable (Job, Int) -> JobResult = { job, _ in .value(job.value) }
    ) -> PipelineNode {
        var settings = StageSettings(workers: workers)
        settings.batch = policy
        change(&settings)
        return .batchStage("store", settings) { jobs, context in
            batches.note(jobs, context.worker.clock.now)
            return jobs.indices.map { end(jobs[$0], context.attempt(of: $0)) }
        }
    }

    private func numbers(_ count: Int) -> [Value] { (0..<count).map { .integer(Int64($0)) } }

    /// Sends a number every so often.
    private func ticking(_ count: Int, every pause: Duration) -> PipelineNode {
        .source("in") { output in
            for number in 0..<count {
                try await output.clock.sleep(for: pause)
                try await output.send(.integer(Int64(number)))
            }
        }
    }

    @Test func fullBatchesGoAtOnceAndTheRestWhenNoMoreComes() async throws {
        try await simulate(seed: 1) { simulation in
            let report = try await simulation.run([
                .source("in", ScriptedSource(values: numbers(25))),
                store(BatchPolicy(count: 10, period: .seconds(60))), .sink("out", CollectingSink()),
            ])
            #expect(batches.sizes == [10, 10, 5])
            #expect(report.snapshot.time < .seconds(1), "the end of the source is no reason to wait")
        }
    }

    @Test(arguments: [1, 4]) func aBatchIsNotOlderThanItsPeriod(workers: Int) async throws {
        try await simulate(seed: 1) { simulation in
            _ = try await simulation.run([
                ticking(20, every: .milliseconds(300)),
                store(BatchPolicy(count: 10, period: .seconds(1)), workers: workers),
                .sink("out", CollectingSink()),
            ])
            #expect(batches.sizes.reduce(0, +) == 20)
            #expect(batches.sizes.dropLast().allSatisfy { $0 == 4 }, "one batch at a time, with any number of workers")
            #expect(batches.times.first == .milliseconds(1_300))
        }
    }

    @Test(arguments: [DispatchMode.shared, .key], [nil, 10_000])
    func aBatchMayHaveManyJobsOfAKey(dispatch: DispatchMode, bytes: Int?) async throws {
        try await simulate(seed: 1) { simulation in
            let sink = CollectingSink()
            _ = try await simulation.run([
                ticking(30, every: .milliseconds(10)),
                store(BatchPolicy(count: 10, bytes: bytes, period: .seconds(1)), workers: 3) {
                    $0.dispatch = dispatch
                    $0.order = dispatch == .key ? .key : .none
                    $0.key = { _ in Bytes("the only one") }
                },
                .sink("out", sink),
            ])
            #expect(batches.sizes == [10, 10, 10] && sink.integers == Array(0..<30))
        }
    }

    @Test func bytesBoundABatchToo() async throws {
        try await simulate(seed: 1) { simulation in
            let values = [10, 10, 10, 500, 10, 40, 40, 40].map {
                Value.string(Bytes(String(repeating: "x", count: $0)))
            }
            let sizes = Mutex<[[Int]]>([])
            var settings = StageSettings()
            settings.batch = BatchPolicy(count: 100, bytes: 140, period: .seconds(60))
            let sink = CollectingSink()
            _ = try await simulation.run([
                .source("in", ScriptedSource(values: values)),
                .batchStage("store", settings) { jobs, _ in
                    sizes.withLock { $0.append(jobs.map { $0.value.footprint - 24 }) }
                    return jobs.map { .value($0.value) }
                },
                .sink("out", sink),
            ])
            #expect(sizes.withLock { $0 } == [[10, 10, 10], [500], [10, 40], [40, 40]])
            #expect(sink.values == values)
        }
    }

    @Test func aJobWithADeadlineDoesNotWaitUntilItIsLate() async throws {
        try await simulate(seed: 1) { simulation in
            var source = ticking(3, every: .milliseconds(100))
            source.deadline = .seconds(2)
            let report = try await simulation.run([
                source, store(BatchPolicy(count: 10, period: .seconds(60))),
                .sink("out", CollectingSink()),
            ])
            #expect(report.books[.delivered] == 3)
        }
    }

    @Test func aBadJobIsTriedAgainAlone() async throws {
        try await simulate(seed: 1) { simulation in
            let report = try await simulation.run([
                .source("in", ScriptedSource(values: numbers(10))),
                store(BatchPolicy(count: 10, period: .seconds(1))) {
                    $0.retry = RetryPolicy(maxAttempts: 3, initialInterval: .seconds(1), jitter: false)
                } _: { job, attempt in
                    job.value == 7 && attempt < 3 ? .failed(ScriptedError("bad")) : .value(job.value)
                },
                .sink("out", CollectingSink()),
            ])
            #expect(batches.values == [Array(0..<10), [7], [7]] && report.books[.delivered] == 10)
        }
    }

    @Test(arguments: [nil, 100]) func aCancelLosesNothing(bytes: Int?) async throws {
        try await checkSeeds(count: 50) { simulation in
            var random = simulation.random()
            let moment = random.duration(upTo: .seconds(3))
            let report = try await simulation.run([
                ticking(50, every: .milliseconds(70)),
                store(BatchPolicy(count: 7, bytes: bytes, period: .seconds(1)), workers: 3),
                .sink("out", CollectingSink()),
            ]) { pipeline in
                try await simulation.clock.sleep(for: moment)
                pipeline.cancel()
            }
            #expect(report.books.taken == report.books[.delivered] + report.books[.cancelled])
        }
    }

    @Test func resizingDoesNotBreakABatch() async throws {
        try await simulate(seed: 1) { simulation in
            let report = try await simulation.run([
                ticking(100, every: .milliseconds(50)),
                store(BatchPolicy(count: 10, period: .seconds(10)), workers: 3), .sink("out", CollectingSink()),
            ]) { pipeline in
                for size in [1, 4, 2, 6, 1] {
                    try await simulation.clock.sleep(for: .milliseconds(730))
                    try pipeline.resize("store", to: size)
                }
                try await simulation.clock.sleep(for: .milliseconds(500))
                #expect(pipeline.snapshot().nodes[1].workers == 1)
            }
            #expect(report.books[.delivered] == 100 && batches.sizes == Array(repeating: 10, count: 10))
        }
    }
}
