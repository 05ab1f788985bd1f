import Synchronization
import Testing
import Tidemill
import TidemillTesting

/// Sources, handlers and sinks that break: the books balance all the same, and nothing hangs.
@Suite(.timeLimit(.minutes(10))) struct BrokenNodeTests {
    private static let values: [Value] = (0..<200).map { .integer($0) }

    @Test func aSourceThatThrowsFailsThePipeline() async throws {
        let source = ScriptedSource([.send(Job(1)), .raise(ScriptedError("gone"))])
        let sink = CollectingSink()
        let report = try await runPipeline([
            .source("in", source), .stage("same") { (value: Value) in value }, .sink("out", sink),
        ])
        #expect(
            report.failure?.code == .source && report.failure?.underlying as? ScriptedError == ScriptedError("gone")
        )
        #expect(sink.calls.closed == 1)
        #expect(source.acknowledgements[0]?.count == 1)
    }

    @Test(arguments: [1, 2, 5]) func aSinkThatThrowsStopsThePipeline(write: Int) async throws {
        let source = ScriptedSource(values: Self.values, batch: 1)
        let (bad, good) = (CollectingSink(failingWrite: write), CollectingSink())
        let report = try await runPipeline([
            .source("in", source),
            .stage("same", StageSettings(workers: 4)) { (value: Value) in value },
            .sink("bad", inputs: ["same"], bad),
            .sink("good", inputs: ["same"], good),
        ])
        #expect(report.failure?.code == .sink && report.failure?.node == "bad")
        #expect(report.books[.delivered] == bad.values.count + good.values.count)
        #expect(Set(good.integers).count == good.integers.count, "nothing is delivered twice")
        #expect(report.books[.rejected] > 0)
        #expect(bad.calls.closed == 1 && good.calls.closed == 1)
        // A message is done only if both have it.
        let done = source.acknowledgements.filter { $0.value == [.delivered] }.keys
        #expect(done.allSatisfy { bad.integers.contains(Int64($0)) && good.integers.contains(Int64($0)) })
    }

    @Test(arguments: [1, 3, 64]) func aHandlerThatCannotStartTakesNothingIn(failing: Int) async throws {
        let source = ScriptedSource(values: Self.values)
        let sink = CollectingSink()
        let closed = Counter()
        let report = try await runPipeline([
            .source("in", source),
            .stage("first", StageSettings(workers: 64)) { context in
                if context.worker == failing { throw ScriptedError("no \(failing)") }
                return Closing(counter: closed)
            },
            .sink("out", sink),
        ])
        #expect(report.failure?.code == .start && report.failure?.message == "no \(failing)")
        #expect(report.books.taken == 0 && source.sentCount == 0)
        #expect(sink.calls == CollectingSink.Calls(opened: 1, writes: 0, closed: 1))
        #expect(closed.count.withLock { $0 } == 63, "every handler that was made is closed")
    }

    @Test func aSinkThatCannotOpenTakesNothingIn() async throws {
        struct Broken: Sink {
            func open() async throws { throw ScriptedError("no disk") }
            func write(_ batch: borrowing SinkBatch) async throws {}
        }
        let (source, other) = (ScriptedSource(values: Self.values), CollectingSink())
        let report = try await runPipeline([
            .source("in", source), .sink("bad", Broken()), .sink("other", inputs: ["in"], other),
        ])
        #expect(report.failure?.node == "bad" && report.failure?.code == .start)
        #expect(source.sentCount == 0 && other.calls.closed == 1 && other.calls.writes == 0)
    }

    @Test func aSinkThatCannotCloseFailsThePipeline() async throws {
        struct Broken: Sink {
            func write(_ batch: borrowing SinkBatch) async throws {}
            func close() async throws { throw ScriptedError("no flush") }
        }
        let report = try await runPipeline([
            .source("in", ScriptedSource(values: Self.values)), .sink("bad", Broken()),
        ])
        #expect(report.failure?.code == .sink && report.failure?.message == "no flush")
        #expect(report.books[.delivered] == 200)
    }

    @Test func oddSettingsAreMadeGood() async throws {
        var settings = StageSettings()
        settings.workers = 0
        var stage = PipelineNode.stage("same", settings) { (value: Value) in value }
        stage.channel.capacity = -3
        var options = PipelineOptions.quiet
        for inFlight in [0, -1, 1, 1000] {
            options.inFlight = inFlight
            let sink = CollectingSink()
            _ = try await runPipeline(
                [.source("in", ScriptedSource(values: Self.values)), stage, .sink("out", sink)],
                options: options
            )
            #expect(sink.integers == (0..<200).map { $0 })
        }
    }

    @Test func aPipelineRunsOnce() async throws {
        let pipeline = try Pipeline(
            name: "once",
            nodes: [.source("in") { try await $0.send(1) }, .sink("out", CollectingSink())],
            options: .quiet
        )
        try await pipeline.run()
        await #expect(throws: PipelineError.self) { try await pipeline.run() }
        #expect(pipeline.snapshot().books.taken == 1)
    }

    @Test func deadLettersMayFeedAnotherPipeline() async throws {
        let letters = CollectingSink()
        _ = try await runPipeline(
            [
                .source("in", ScriptedSource(values: [1])), .stage("fail") { _ in throw ScriptedError("no") },
                .sink("out", CollectingSink()),
            ],
            deadLetters: letters
        )
        let sink = CollectingSink()
        let report = try await runPipeline([
            .source("letters", ScriptedSource([.sendAll(letters.jobs)])), .sink("out", sink),
        ])
        #expect(report.books[.delivered] == 1 && report.books[.deadLettered] == 0)
    }

    private final class Counter: Sendable {
        let count = Mutex(0)
    }

    private struct Closing: Handler {
        let counter: Counter
        func handle(_ job: Job, _ context: JobContext) async throws -> Value? { job.value }
        func close() async { counter.count.withLock { $0 += 1 } }
    }
}
