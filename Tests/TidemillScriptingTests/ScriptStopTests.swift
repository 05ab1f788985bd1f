import Testing
import Tidemill
import TidemillScripting
import TidemillTesting

/// Scripts that are stopped, tried again, or ask for it.
@Suite(.timeLimit(.minutes(10)))
struct ScriptStopTests {
    private func work(
        _ script: String,
        _ values: [Value] = ["x"],
        retry: RetryPolicy? = nil,
        options: PipelineOptions = .quiet,
        _ change: (inout StageSettings) -> Void = { _ in },
        during: @Sendable (Pipeline) async throws -> Void = { _ in }
    ) async throws -> (report: PipelineReport, values: [Value], letters: [Value]) {
        var settings = StageSettings()
        settings.retry = retry
        change(&settings)
        let (sink, letters) = (CollectingSink(), CollectingSink())
        let report = try await runPipeline(
            [
                .source("in", ScriptedSource(values: values)),
                try .script("work", source: script, settings), .sink("out", sink),
            ],
            deadLetters: letters,
            options: options,
            during: during
        )
        return (report, sink.values, letters.values)
    }

    private static let cancelOnceBusy: @Sendable (Pipeline) async throws -> Void = { pipeline in
        while pipeline.snapshot().nodes[1].busy == 0 { await Task.yield() }
        pipeline.cancel()
    }

    @Test(arguments: [
        "while true do end", "while true do pcall(function() while true do end end) end",
        "coroutine.wrap(function() while true do end end)()", "ctx:sleep(1000)",
        "coroutine.wrap(function() ctx:sleep(1000) end)()", "pcall(ctx.sleep, ctx, 1000) while true do end",
        "table.sort({3, 1, 2}, function() while true do end end)",
        "string.gsub('aaa', 'a', function() while true do end end)",
        "local t = setmetatable({}, {__index = function() while true do end end}) return t.x",
        "local s = 'x' while true do s = ('y'):rep(1000) .. #s end",
    ]) func aTimeoutStopsAScriptWhereverItIs(body: String) async throws {
        let script = "return function(value, ctx) if value ~= 'bad' then return value end \(body) end"
        let (report, values, letters) = try await work(script, ["a", "b", "bad", "c"]) {
            $0.timeout = .seconds(1)
        }
        #expect(values == ["a", "b", "c"])
        #expect(letters.map { $0["error"]?["kind"] } == ["timeout"])
        #expect(report.node("work")?.givenUp == 0)
    }

    @Test func aPatternThatBacktracksForEverCostsItsWorker() async throws {
        var options = PipelineOptions.quiet
        options.stopGrace = .milliseconds(100)
        let script = """
            return function(value)
              if value == "bad" then return (("a"):rep(5000)):find((".-"):rep(40) .. "b") end
              return value
            end
            """
        let (report, values, letters) = try await work(script, ["a", "bad", "b", "c"], options: options) {
            $0.timeout = .seconds(1)
        }
        #expect(values.compactMap(\.text).sorted() == ["a", "b", "c"])
        #expect(letters.map { $0["error"]?["kind"] } == ["stuck"] && report.node("work")?.givenUp == 1)
    }

    @Test func aStuckScriptDoesNotHoldUpACancelledPipeline() async throws {
        var options = PipelineOptions.quiet
        options.stopGrace = .milliseconds(100)
        let (report, _, _) = try await work(
            "return function(value) return (('a'):rep(5000)):find(('.-'):rep(40) .. 'b') end",
            options: options,
            during: Self.cancelOnceBusy
        )
        #expect(report.books[.cancelled] == 1)
    }

    @Test func scriptsAskForAnotherAttempt() async throws {
        let script = """
            return function(value, ctx)
              if value == "retry" and ctx.attempt < 3 then ctx:retry(0) end
              if value == "raise" and ctx.attempt < 2 then error({message = "soon", retry = 0}) end
              if value == "never" then error({message = "no use", retry = false, kind = "validation"}) end
              if value == "reject" then ctx:reject("not mine") end
              return value .. ctx.attempt
            end
            """
        let policy = RetryPolicy(maxAttempts: 5, initialInterval: .zero)
        let (report, values, letters) = try await work(script, ["retry", "raise", "never", "reject"], retry: policy)
        #expect(values.compactMap(\.text).sorted() == ["raise2", "retry3"])
        #expect(report.books[.rejected] == 1 && letters.count == 1)
        #expect(letters[0]["error"]?["message"] == "no use" && letters[0]["error"]?["kind"] == "validation")
        #expect(letters[0]["attempts"]?.elements?.count == 1)
    }

    @Test func aScriptMayAskForAnotherAttemptWithoutAPolicy() async throws {
        let script = "return function(value, ctx) if ctx.attempt < 3 then ctx:retry(0) end return ctx.attempt end"
        #expect(try await work(script).values == [3])
        let forever = "return function(value, ctx) ctx:retry(0, 'busy') end"
        let letters = try await work(forever).letters
        #expect(
            letters[0]["attempts"]?.elements?.compactMap { $0["error"]?.text?.hasSuffix("busy") } == [true, true, true]
        )
    }

    @Test func limitsHaveKindsOfTheirOwnAndAreNotRetried() async throws {
        let script = """
            return function(value, ctx)
              if value == "memory" then local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end end
              return value
            end
            """
        let (_, values, letters) = try await work(script, ["memory", "b"], retry: RetryPolicy(maxAttempts: 5))
        #expect(values == ["b"] && letters.count == 1)
        #expect(letters[0]["error"]?["kind"] == "memory" && letters[0]["attempts"]?.elements?.count == 1)
    }

    @Test func remainingShrinksAndSleepIsCutAtTheDeadline() async throws {
        let script = """
            return function(value, ctx)
              local before = ctx:remaining()
              if value == "look" then return {before > 0, before <= 1000} end
              ctx:sleep(1000)
            end
            """
        let (report, values, _) = try await work(script, ["look"]) { $0.deadline = .seconds(1_000) }
        #expect(values == [[true, true]] && report.books[.delivered] == 1)
        let (late, _, _) = try await work(script, ["sleep"]) { $0.deadline = .milliseconds(50) }
        #expect(late.books[.expired] == 1)
    }

    @Test func whatIsLeftOfADeadlineGoesAlongWithKeysAndMetadata() async throws {
        try await simulate(seed: 1) { simulation in
            var settings = StageSettings()
            settings.deadline = .seconds(10)
            let emit = "return function(value, ctx) ctx:emit(value, {key = 'k', metadata = {n = 1}}) return value end"
            let sink = CollectingSink()
            _ = try await simulation.run([
                .source("in", ScriptedSource(values: ["x"])), try .script("emit", source: emit, settings),
                try .script("look", source: "return function(value, ctx) return ctx:remaining() end"),
                .sink("out", sink),
            ])
            #expect(sink.values == [10.0, 10.0])
        }
    }

    @Test func closeRunsAlsoAfterACancellation() async throws {
        let script = """
            return {
              handle = function(value, ctx) while true do end end,
              close = function(ctx) ctx.log.warn("closed") end,
            }
            """
        let lines = LogLines()
        var options = PipelineOptions.quiet
        options.logger = lines.logger
        let (report, _, _) = try await work(script, options: options, during: Self.cancelOnceBusy)
        #expect(report.books[.cancelled] == 1 && lines.messages.contains("closed"))
    }

    @Test func scriptsRunInVirtualTime() async throws {
        let script = """
            return function(value, ctx)
              if value % 7 == 3 and ctx.attempt < 3 then ctx:retry(60) end
              ctx:sleep(value * 10)
              if value % 5 == 0 then error("five") end
              return value
            end
            """
        try await checkSeeds(count: 20) { simulation in
            let (sink, letters) = (CollectingSink(), CollectingSink())
            let source = ScriptedSource(values: (0..<30).map { .integer($0) })
            let report = try await simulation.run(
                [
                    .source("in", source),
                    try .script("work", source: script, StageSettings(workers: 4, order: .input)), .sink("out", sink),
                ],
                deadLetters: letters
            )
            #expect(sink.integers == (0..<30).filter { $0 % 5 != 0 } && letters.values.count == 6)
            #expect(report.books.balance && simulation.clock.now > .seconds(1_000))
        }
    }
}
