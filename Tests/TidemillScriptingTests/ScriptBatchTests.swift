import Testing
import Tidemill
import TidemillScripting
import TidemillTesting

/// Scripts that handle batches of jobs, whatever the sizes of the batches are.
@Suite(.timeLimit(.minutes(10)))
struct ScriptBatchTests {
    private static func numbers(_ count: Int) -> [Value] { (0..<count).map { .integer(Int64($0)) } }

    private func settings(_ order: JobOrder = .none, workers: Int = 1) -> StageSettings {
        var settings = StageSettings(workers: workers, order: order)
        settings.batch = BatchPolicy(count: 16, period: .milliseconds(10))
        return settings
    }

    private func script(_ body: String) -> String { "return { handle_batch = function(values, ctx) \(body) end }" }

    private func work(
        _ body: String,
        _ jobs: [Job],
        _ settings: StageSettings,
        options: PipelineOptions = .quiet,
        during: @Sendable (Pipeline) async throws -> Void = { _ in }
    ) async throws -> (report: PipelineReport, jobs: [Job], letters: [Value]) {
        let (sink, letters) = (CollectingSink(), CollectingSink())
        let report = try await runPipeline(
            [
                .source("in", ScriptedSource([.sendAll(jobs)])),
                try .script("work", source: script(body), settings), .sink("out", sink),
            ],
            deadLetters: letters,
            options: options,
            during: during
        )
        return (report, sink.jobs, letters.values)
    }

    @Test(arguments: [1, 3], JobOrder.allCases)
    func eachValueHasAnEndOfItsOwn(workers: Int, order: JobOrder) async throws {
        let body = """
            local results, errors = {}, {}
            for i, value in ipairs(values) do
              if value % 7 == 0 then errors[i] = "seven"
              elseif value % 5 ~= 0 then
                if value % 3 == 0 then ctx:emit(value, {of = i, key = "third"}) end
                results[i] = value
              end
            end
            return results, errors
            """
        let jobs = Self.numbers(300).map { Job($0, key: "k", metadata: ["n": $0]) }
        let (report, made, letters) = try await work(body, jobs, settings(order, workers: workers))
        let expected = (0..<300 as Range<Int64>).flatMap { number -> [Int64] in
            number % 7 == 0 || number % 5 == 0 ? [] : number % 3 == 0 ? [number, number] : [number]
        }
        let integers = made.compactMap(\.value.integer)
        #expect(order == .input ? integers == expected : integers.sorted() == expected)
        #expect(made.count { $0.key == "third" } == expected.count - Set(expected).count)
        #expect(made.allSatisfy { $0.metadata == ["n": $0.value] })
        #expect(letters.count == 43 && letters.allSatisfy { $0["error"]?["message"] == "seven" })
        #expect(report.books[.filtered] == (0..<300).count { $0 % 5 == 0 && $0 % 7 != 0 })
    }

    @Test func theScriptKnowsTheJobs() async throws {
        let body = """
            local all = {}
            assert(#ctx.jobs == #values and ctx.job == nil and ctx.attempt == nil and ctx:remaining() == nil)
            for i, job in ipairs(ctx.jobs) do
              all[i] = { values[i], job.id, job.key or "none", job.metadata.n or 0, job.attempt, job.received_at > 0 }
            end
            return all
            """
        let jobs = [Job("a"), Job("b", key: "k", metadata: ["n": 7]), Job("c")]
        let made = try await work(body, jobs, settings(.input)).jobs
        #expect(
            made.map(\.value) == [
                ["a", "in-1", "none", 0, 1, true], ["b", "in-2", "k", 7, 1, true], ["c", "in-3", "none", 0, 1, true],
            ]
        )
    }

    @Test func handleKnowsOfNoBatch() async throws {
        let source = "return function(value, ctx) return {ctx.jobs == nil, ctx.job.id, ctx.attempt} end"
        let sink = CollectingSink()
        _ = try await runPipeline([
            .source("in", ScriptedSource(values: [1])), try .script("work", source: source), .sink("out", sink),
        ])
        #expect(sink.values == [[true, "in-1", 1]])
    }

    @Test(arguments: ["error('down')", "return nil, 'down'", "ctx:emit(1, {of = 1}) error({message = 'down'})"])
    func anErrorFailsEachOfThem(body: String) async throws {
        let (report, made, letters) = try await work(body, Self.numbers(40).map { Job($0) }, settings())
        #expect(made.isEmpty && report.books[.deadLettered] == 40 && report.books.emitted == 0)
        #expect(letters.allSatisfy { $0["error"]?["message"]?.text?.hasSuffix("down") == true })
    }

    @Test(arguments: [JobOrder.none, .input]) func valuesAreTriedAgainEachForItself(order: JobOrder) async throws {
        let body = """
            local results, errors = {}, {}
            for i, value in ipairs(values) do
              if ctx.jobs[i].attempt > value % 4 then results[i] = value
              else errors[i] = { message = "not yet", retry = 0 } end
            end
            return results, errors
            """
        var settings = settings(order)
        settings.retry = RetryPolicy(maxAttempts: 3, initialInterval: .zero)
        let (report, made, letters) = try await work(body, Self.numbers(40).map { Job($0) }, settings)
        let expected = (0..<40 as Range<Int64>).filter { $0 % 4 != 3 }
        let integers = made.compactMap(\.value.integer)
        #expect(order == .input ? integers == expected : integers.sorted() == expected)
        #expect(letters.count == 10 && report.node("work")?.retried == 50)
    }

    @Test(arguments: [
        "while true do end", "ctx:sleep(1000)",
        "return {}, {setmetatable({}, {__tostring = function() while true do end end})}",
    ])
    func aTimeoutFailsTheWholeBatch(ending: String) async throws {
        var settings = settings()
        settings.timeout = .milliseconds(200)
        let body = "for _, value in ipairs(values) do if value == 5 then \(ending) end end return values"
        let (report, made, letters) = try await work(body, Self.numbers(20).map { Job($0) }, settings)
        #expect(!letters.isEmpty && letters.allSatisfy { $0["error"]?["kind"] == "timeout" })
        #expect(made.count + letters.count == 20 && report.node("work")?.givenUp == 0)
    }

    @Test(arguments: ["while true do end", "ctx:sleep(1000)"])
    func aCancelledPipelineHandsTheBatchBack(body: String) async throws {
        let (report, made, _) = try await work(body, Self.numbers(20).map { Job($0) }, settings()) { pipeline in
            while pipeline.snapshot().nodes[1].busy == 0 { await Task.yield() }
            pipeline.cancel()
        }
        #expect(made.isEmpty && report.books[.cancelled] == report.books.taken)
    }

    @Test func aBatchThatTakesAllMemoryCostsNoOther() async throws {
        let body = """
            for _, value in ipairs(values) do
              if value == 20 then local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end end
            end
            return values
            """
        let (report, made, letters) = try await work(body, Self.numbers(200).map { Job($0) }, settings())
        #expect(made.count + letters.count == 200 && letters.count < 200 && report.failure == nil)
        #expect(!letters.isEmpty && letters.allSatisfy { $0["error"]?["kind"] == "memory" })
    }

    @Test func limitsAreEachJobsOwn() async throws {
        let body =
            "local all = {} for i, v in ipairs(values) do all[i] = v == 3 and ('x'):rep(70 << 20) or v end return all"
        let source = try PipelineNode.script("work", source: script(body), settings(), memory: 1 << 30)
        let (sink, letters) = (CollectingSink(), CollectingSink())
        _ = try await runPipeline(
            [.source("in", ScriptedSource(values: Self.numbers(10))), source, .sink("out", sink)],
            deadLetters: letters
        )
        #expect(sink.integers.sorted() == [0, 1, 2, 4, 5, 6, 7, 8, 9])
        #expect(letters.values.map { $0["error"]?["kind"] } == ["max_output"])
    }

    @Test func aScriptHasToDefineWhatItsStageCalls() throws {
        let both = "return { handle = function() end, handle_batch = function() end }"
        _ = try PipelineNode.script("work", source: both)
        _ = try PipelineNode.script("work", source: both, settings())
        let single = #expect(throws: ScriptError.self) {
            try PipelineNode.script("work", source: "return function() end", settings())
        }
        #expect(
            single?.description
                == "work: the stage has \"batch\", and the script defines no `handle_batch` to give a batch to"
        )
        let batch = #expect(throws: ScriptError.self) { try PipelineNode.script("work", source: script("")) }
        #expect(
            batch?.description
                == "work: the script defines `handle_batch` and no `handle`, and the stage has no \"batch\""
        )
    }

    @Test func batchesRunInVirtualTime() async throws {
        let body = """
            ctx:sleep(#values)
            local results, errors = {}, {}
            for i, value in ipairs(values) do
              if value % 5 == 0 then errors[i] = "five" else results[i] = value end
            end
            return results, errors
            """
        let source = script(body)
        try await checkSeeds(count: 20) { [settings = settings(.input, workers: 3)] simulation in
            let (sink, letters) = (CollectingSink(), CollectingSink())
            let report = try await simulation.run(
                [
                    .source("in", ScriptedSource(values: Self.numbers(60))),
                    try .script("work", source: source, settings), .sink("out", sink),
                ],
                deadLetters: letters
            )
            #expect(sink.integers == (0..<60).filter { $0 % 5 != 0 } && letters.values.count == 12)
            #expect(report.books.balance)
        }
    }
}
