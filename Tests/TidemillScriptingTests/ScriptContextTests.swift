import Testing
import Tidemill
import TidemillScripting
import TidemillTesting

/// What a script finds in `ctx`, inside a pipeline.
@Suite(.timeLimit(.minutes(10)))
struct ScriptContextTests {
    private func options(_ clock: ManualClock) -> PipelineOptions {
        var options = PipelineOptions.quiet
        options.clock = clock
        return options
    }

    @Test func theJobAndTheWorker() async throws {
        let clock = ManualClock()
        clock.advance(by: .seconds(90))
        let source = ScriptedSource([
            .send(Job("one")), .send(Job("two", key: "k", metadata: ["n": 7])),
        ])
        let script = """
            return function(value, ctx)
              local job = ctx.job
              return { value, job.id, job.key or "no key", job.metadata.n or "no n", job.received_at,
                ctx.stage, ctx.worker, ctx.attempt, ctx.options.x, ctx:cancelled() }
            end
            """
        let sink = CollectingSink()
        let report = try await runPipeline(
            [.source("in", source), try .script("work", source: script, options: ["x": true]), .sink("out", sink)],
            options: options(clock)
        )
        #expect(report.failure == nil)
        #expect(
            sink.values == [
                ["one", "in-1", "no key", "no n", 1_704_067_290.0, "work", 1, 1, true, false],
                ["two", "in-2", "k", 7, 1_704_067_290.0, "work", 1, 1, true, false],
            ]
        )
    }

    @Test func aResultKeepsKeyAndMetadataUnlessItSaysOtherwise() async throws {
        let source = ScriptedSource([.send(Job("v", key: "k", metadata: ["a": 1]))])
        let script = """
            return function(value, ctx)
              ctx:emit(1)
              ctx:emit(2, { key = "other" })
              ctx:emit(3, { metadata = { b = 2 } })
              return 4
            end
            """
        let sink = CollectingSink()
        let report = try await runPipeline(
            [.source("in", source), try .script("work", source: script), .sink("out", sink)]
        )
        #expect(report.books[.delivered] == 4)
        #expect(sink.integers == [1, 2, 3, 4])
        #expect(sink.jobs.map(\.key) == ["k", "other", "k", "k"])
        #expect(sink.jobs.map(\.metadata) == [["a": 1], ["a": 1], ["b": 2], ["a": 1]])
    }

    @Test(arguments: ["error('no')", "return nil, 'no'", "return function() end"])
    func nothingOfAFailedJobGoesOn(ending: String) async throws {
        let script = "return function(value, ctx) ctx:emit(1) ctx:emit(2) \(ending) end"
        let (sink, letters) = (CollectingSink(), CollectingSink())
        let report = try await runPipeline(
            [
                .source("in", ScriptedSource(values: ["a"])), try .script("work", source: script), .sink("out", sink),
            ],
            deadLetters: letters
        )
        #expect(sink.jobs.isEmpty && letters.jobs.count == 1)
        #expect(report.books.taken == 1 && report.books.emitted == 0 && report.books[.deadLettered] == 1)
    }

    @Test func aSleepTakesTheClocksTime() async throws {
        let clock = ManualClock()
        let script = "return function(value, ctx) ctx:sleep(2.5) return value end"
        let sink = CollectingSink()
        let report = try await runPipeline(
            [
                .source("in", ScriptedSource(values: [1, 2])),
                try .script("work", source: script, StageSettings(workers: 2)), .sink("out", sink),
            ],
            options: options(clock)
        ) { _ in
            await clock.sleepers(2)
            clock.advance(by: .seconds(2))
            #expect(clock.sleeping == 2 && sink.jobs.isEmpty)
            clock.advance(by: .milliseconds(500))
        }
        #expect(report.books[.delivered] == 2)
        #expect(sink.integers.sorted() == [1, 2])
    }

    @Test func aCancelledSleepCannotBeSwallowed() async throws {
        let clock = ManualClock()
        let script = "return function(value, ctx) while true do pcall(ctx.sleep, ctx, 60) end end"
        let report = try await runPipeline(
            [
                .source("in", ScriptedSource(values: [1, 2, 3])), try .script("work", source: script),
                .sink("out", CollectingSink()),
            ],
            options: options(clock)
        ) { pipeline in
            await clock.sleepers(1)
            pipeline.cancel()
        }
        #expect(report.books[.cancelled] == 3)
    }

    @Test func scriptsThatAreNone() {
        for (source, message) in [
            ("return 7", "work: a script must return a table or a function, not number"),
            ("return {}", "work: the script's table has neither handle nor handle_batch"),
            ("error('at once')", "work:1: at once"), ("x = ", "work:1: unexpected symbol near <eof>"),
        ] {
            let error = #expect(throws: ScriptError.self) { try PipelineNode.script("work", source: source) }
            #expect(error?.description == message)
        }
    }
}
