import Metrics
import MetricsTestKit
import Testing
import Tidemill
import TidemillTesting

/// What the engine tells a metrics backend.
@Suite(.timeLimit(.minutes(10))) struct PipelineMetricsTests {
    private static let values: [Value] = (0..<200).map { .integer($0) }

    private static func options(_ simulation: Simulation, _ metrics: TestMetrics) -> PipelineOptions {
        var options = simulation.options
        options.metrics = metrics
        return options
    }

    private static func node(_ name: String) -> [(String, String)] { [("pipeline", "test"), ("node", name)] }

    /// Everything that can become of a job: a third is tried again, some fail in kinds of their own, some are filtered.
    private static func work(_ simulation: Simulation) -> PipelineNode {
        var settings = StageSettings(workers: 3)
        settings.retry = RetryPolicy(maxAttempts: 2, initialInterval: .seconds(2))
        settings.breaker = BreakerPolicy(failureRatio: 0.9, minJobs: 50)
        settings.timeout = .seconds(1)
        return .stage("work", settings) { job, context in
            let number = job.value.integer ?? 0
            if number % 3 == 0, context.attempt == 1 { throw ScriptedError("again") }
            if number % 20 == 7 { throw JobFailure(JobFailure.Kind(rawValue: "quota"), "none left") }
            if number % 50 == 11 { try await simulation.clock.sleep(for: .seconds(60)) }
            return number % 10 == 0 ? nil : job.value
        }
    }

    @Test func countersEqualTheBooksAtTheEnd() async throws {
        try await checkSeeds(count: 10) { simulation in
            let metrics = TestMetrics()
            let report = try await simulation.run(
                [
                    .source("in", ScriptedSource(values: Self.values, batch: 7)), Self.work(simulation),
                    .sink("out", CollectingSink()),
                ],
                deadLetters: CollectingSink(),
                options: Self.options(simulation, metrics)
            )
            for outcome in Outcome.allCases {
                let total = metrics.counterTotal(label: "tidemill_jobs_\(outcome.name)")
                #expect(total == Int64(report.books[outcome]), "\(outcome)")
            }
            #expect(metrics.counterTotal(label: "tidemill_messages_taken") == 200)
            #expect(metrics.counterTotal(label: "tidemill_jobs_emitted") == Int64(report.books.emitted))
            for node in report.snapshot.nodes {
                let total = { metrics.counterTotal(label: "tidemill_" + $0, dimensions: Self.node(node.name)) }
                #expect(total("jobs_received") == Int64(node.received))
                #expect(total("jobs_sent") == Int64(node.sent))
                #expect(total("jobs_retried") == Int64(node.retried))
                #expect(total("jobs_failed") == Int64(node.failed))
                #expect(total("attempts_failed") == Int64(node.failed + node.retried))
            }
        }
    }

    @Test func failuresAndStopsAreTold() async throws {
        try await checkSeeds(count: 5) { simulation in
            let metrics = TestMetrics()
            _ = try await simulation.run(
                [
                    .source("in", ScriptedSource(values: Self.values, batch: 7)), Self.work(simulation),
                    .sink("out", CollectingSink()),
                ],
                deadLetters: CollectingSink(),
                options: Self.options(simulation, metrics)
            )
            let attempts = { (kind: String) in
                metrics.counterTotal(label: "tidemill_attempts_failed", dimensions: [("kind", kind)])
            }
            // 11, 61, 111 and 161 time out twice, but that 111 fails otherwise the first time.
            #expect(attempts("timeout") == 7 && attempts("handler") == 67)
            #expect(metrics.counterTotal(label: "tidemill_jobs_failed", dimensions: [("kind", "quota")]) == 10)
            #expect(try metrics.expectTimer("tidemill_stop_seconds", Self.node("work")).values.count == 7)
            for gauge in ["queue_length", "retries_waiting", "breaker_state", "workers_busy"] {
                #expect(try metrics.expectGauge("tidemill_" + gauge, Self.node("work")).lastValue == 0, "\(gauge)")
            }
            #expect(try metrics.expectGauge("tidemill_messages_in_flight", Self.node("in")).lastValue == 0)
        }
    }

    @Test func theyAreCollectedWhileThePipelineRuns() async throws {
        try await checkSeeds(count: 5) { simulation in
            let metrics = TestMetrics()
            var options = Self.options(simulation, metrics)
            options.metricsInterval = .seconds(10)
            let source = PipelineNode.source("in") { output in
                for number in 0..<6 as Range<Int64> {
                    try await output.clock.sleep(for: .seconds(4))
                    try await output.send(.integer(number))
                }
            }
            let sink = CollectingSink()
            _ = try await simulation.run([source, .sink("out", sink)], options: options) { _ in
                try await simulation.clock.sleep(for: .seconds(11))
                #expect(metrics.counterTotal(label: "tidemill_messages_taken") == 2)
                #expect(try metrics.expectGauge("tidemill_messages_in_flight", Self.node("in")).values == [0])
            }
            #expect(metrics.counterTotal(label: "tidemill_messages_taken") == 6)
        }
    }

    @Test func jobsThatNoWorkerHadAreCountedToo() async throws {
        try await checkSeeds(count: 10) { simulation in
            let metrics = TestMetrics()
            let stage = PipelineNode.stage("work") { job, _ in
                try await simulation.clock.sleep(for: .seconds(1_000))
                return job.value
            }
            let report = try await simulation.run(
                [.source("in", ScriptedSource(values: Self.values)), stage, .sink("out", CollectingSink())],
                options: Self.options(simulation, metrics)
            ) { pipeline in
                try await simulation.clock.sleep(for: .seconds(2))
                pipeline.cancel()
            }
            let cancelled = metrics.counterTotal(label: "tidemill_jobs_cancelled")
            #expect(cancelled == Int64(report.books[.cancelled]) && cancelled > 0)
        }
    }

    @Test func workersAreTold() async throws {
        try await checkSeeds(count: 2) { simulation in
            let metrics = TestMetrics()
            _ = try await simulation.run(
                [
                    ScaledPipeline.source([(10, 60), (10, 2)]), ScaledPipeline.waiting(ScalingPolicy(max: 8)),
                    ScaledPipeline.sink,
                ],
                options: Self.options(simulation, metrics)
            ) { pipeline in
                try await simulation.clock.sleep(for: .milliseconds(9_500))
                let workers = try metrics.expectGauge("tidemill_workers", Self.node("work")).lastValue
                #expect(workers == Double(try pipeline.workers(of: "work")) && workers ?? 0 > 3)
            }
            #expect(try metrics.expectGauge("tidemill_workers", Self.node("work")).lastValue == 1)
            let scalings = { (direction: String) in
                metrics.counterTotal(label: "tidemill_scalings", dimensions: [("direction", direction)])
            }
            #expect(scalings("up") > 1 && scalings("down") > 0)
        }
    }

    @Test func withoutABackendNothingIsTimed() async throws {
        let clock = ManualClock()
        var options = PipelineOptions.quiet
        options.clock = clock
        options.metrics = NOOPMetricsHandler.instance
        _ = try await runPipeline(
            [.source("in", ScriptedSource(values: [1])), .sink("out", CollectingSink())],
            options: options
        )
        #expect(clock.sleeping == 0)
    }
}
