import Synchronization
import Testing
import Tidemill
import TidemillTesting

/// Stages that take no more jobs than a rate allows, in virtual time.
@Suite(.timeLimit(.minutes(10))) struct RateLimitTests {
    /// When jobs were begun, by the first letter of their value.
    private final class Times: Sendable {
        private let times = Mutex<[String: [Duration]]>([:])

        static func letter(_ value: Value) -> String { String((value.text ?? "").prefix(1)) }

        func note(_ job: Job, _ context: JobContext) {
            let now = context.worker.clock.now
            times.withLock { $0[Self.letter(job.value), default: []].append(now) }
        }

        subscript(name: String) -> [Duration] { times.withLock { $0[name] ?? [] } }
        var all: [Duration] { times.withLock { $0.values.joined().sorted() } }
    }

    private let times = Times()

    private func calls(_ limit: StageRateLimit, named name: String = "call", workers: Int = 2) -> PipelineNode {
        var settings = StageSettings(workers: workers)
        settings.rateLimit = limit
        settings.key = { Bytes(Times.letter($0.value)) }
        return .stage(name, settings) { job, context in
            times.note(job, context)
            return job.value
        }
    }

    private func words(_ count: Int, _ letter: String) -> [Value] {
        (0..<count).map { .string(Bytes("\(letter)\($0)")) }
    }

    /// Whether no stretch of a second has more than `most` of them.
    private func keep(_ times: [Duration], to most: Int) -> Bool {
        times.indices.allSatisfy { first in times[first...].prefix { $0 < times[first] + .seconds(1) }.count <= most }
    }

    @Test(arguments: [1, 2, 7]) func jobsWaitForTheirTurn(workers: Int) async throws {
        try await simulate(seed: 1) { simulation in
            let sink = CollectingSink()
            let report = try await simulation.run([
                .source("in", ScriptedSource(values: words(50, "a"))),
                calls(.own(RateLimit(10, per: .seconds(1), burst: 1)), workers: workers),
                .sink("out", sink),
            ])
            #expect(report.books[.delivered] == 50)
            #expect(keep(times.all, to: 11) && times.all.count == 50)
            let last = try #require(times.all.last)
            #expect(
                last >= .milliseconds(4_900) && last < .milliseconds(5_100),
                "and no longer than they must: \(last)"
            )
        }
    }

    @Test func eachKeyHasItsOwnRate() async throws {
        try await simulate(seed: 1) { simulation in
            let limit = RateLimit(1, per: .seconds(1), isPerKey: true)
            let report = try await simulation.run([
                .source("in", ScriptedSource(values: words(10, "a") + words(2, "b") + words(1, "c"))),
                calls(.own(limit)), .sink("out", CollectingSink()),
            ])
            #expect(report.books[.delivered] == 13)
            #expect(times["c"].allSatisfy { $0 < .milliseconds(1) }, "it does not wait behind those of another key")
            #expect(times["b"].count == 2 && times["b"][1] < .milliseconds(1_100))
            #expect(keep(times["a"], to: 2) && times["a"].count == 10)
        }
    }

    @Test func stagesShareALimit() async throws {
        try await simulate(seed: 1) { simulation in
            let limit = SharedRateLimit(RateLimit(10, per: .seconds(1), burst: 1), clock: simulation.clock)
            var second = calls(.shared(limit), named: "second")
            second.inputs = ["in"]
            let nodes: [PipelineNode] = [
                .source("in", ScriptedSource(values: words(20, "a"))), calls(.shared(limit), named: "first"), second,
                .sink("out", inputs: ["first", "second"], CollectingSink()),
            ]
            let report = try await simulation.run(nodes)
            #expect(report.books[.delivered] == 40 && keep(times.all, to: 11))
            let last = try #require(times.all.last)
            #expect(last >= .milliseconds(3_900) && last < .milliseconds(4_300))
        }
    }

    @Test func whatIsTooMuchIsShed() async throws {
        try await simulate(seed: 1) { simulation in
            let report = try await simulation.run([
                .source("in", ScriptedSource(values: words(100, "a"))),
                calls(.own(RateLimit(10, per: .seconds(1), overflow: .shed))), .sink("out", CollectingSink()),
            ])
            #expect(report.books[.delivered] == 10 && report.books[.dropped] == 90)
        }
    }

    @Test func aJobThatIsTooLateTakesNoTurn() async throws {
        try await simulate(seed: 1) { simulation in
            var source = PipelineNode.source("in", ScriptedSource(values: words(10, "a")))
            source.deadline = .milliseconds(2_500)
            let report = try await simulation.run([
                source, calls(.own(RateLimit(1, per: .seconds(1))), workers: 1), .sink("out", CollectingSink()),
            ])
            #expect(report.books[.delivered] == 3 && report.books[.expired] == 7)
            #expect(report.snapshot.time < .seconds(3), "they end at their deadline and not at their turn")
        }
    }

    @Test func anotherAttemptIsAnotherCall() async throws {
        try await simulate(seed: 1) { simulation in
            var settings = StageSettings(workers: 2)
            settings.rateLimit = .own(RateLimit(1, per: .seconds(1)))
            settings.retry = RetryPolicy(maxAttempts: 5, initialInterval: .milliseconds(10), jitter: false)
            let report = try await simulation.run([
                .source("in", ScriptedSource(values: words(2, "a"))),
                .stage("call", settings) { job, context in
                    times.note(job, context)
                    if context.attempt < 3 { throw ScriptedError("not yet") }
                    return job.value
                },
                .sink("out", CollectingSink()),
            ])
            #expect(report.books[.delivered] == 2 && times.all.count == 6 && keep(times.all, to: 2))
        }
    }

    @Test func aDrainThatTakesTooLongHandsBackWhoWaits() async throws {
        try await simulate(seed: 1) { simulation in
            var options = simulation.options
            options.shutdownTimeout = .seconds(3)
            let report = try await simulation.run(
                [
                    .source("in", ScriptedSource(values: words(10, "a"))),
                    calls(.own(RateLimit(1, per: .seconds(1)))), .sink("out", CollectingSink()),
                ],
                options: options
            ) { pipeline in
                try await simulation.clock.sleep(for: .milliseconds(500))
                pipeline.drain()
            }
            #expect(report.books[.delivered] + report.books[.cancelled] == 10 && report.books[.cancelled] >= 6)
        }
    }
}
