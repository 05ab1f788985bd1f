import Testing
import TidemillTesting

@testable import Tidemill

/// What a stopped pipeline says it has left, and where.
@Suite(.timeLimit(.minutes(10))) struct LeftoverTests {
    private static let values: [Value] = (0..<20).map { .integer($0) }

    private static func jobs(_ count: Int) -> [Job] {
        (0..<count).map { Job(.integer(Int64($0)), key: Bytes("key \($0)")) }
    }

    @Test func aRunThatIsDoneLeavesNothing() async throws {
        let box = Box()
        _ = try await runPipeline([
            .source("in", ScriptedSource(values: Self.values)), .sink("out", CollectingSink()),
        ]) { box.set($0) }
        let left = try #require(box.pipeline?.leftovers)
        #expect(left.isEmpty && left.messages == 0 && left.jobCount == 0 && left.jobs.isEmpty && left.places.isEmpty)
        #expect(left.sources == [SourceLeftovers(name: "in", cancelled: 0, rejected: 0, takesJobsBack: false)])
    }

    /// One job in each place: at work, queued, on its way out of a stage and of the source.
    @Test func whereJobsWere() async throws {
        let (gate, clock) = (Gate(), ManualClock())
        var options = PipelineOptions.quiet
        options.clock = clock
        let pass = PipelineNode.stage("pass") { $0 }
        // It does not hear of the stop: its worker would take the next jobs while the channels are yet to end.
        var hold = PipelineNode.stage("hold") { _, _ in
            await gate.passUninterrupted()
            throw CancellationError()
        }
        hold.channel.capacity = 1
        var first = pass
        first.channel.capacity = 1
        let source = ScriptedSource(Self.jobs(6).map { .send($0) }, takesJobsBack: true)
        let pipeline = try Pipeline(
            name: "test",
            nodes: [.source("in", source), first, hold, .sink("out", CollectingSink())],
            options: options
        )
        let run = Task { try await pipeline.run() }
        await gate.waiting(1)
        // From the end: what waits for room in front of `hold` takes no more from `pass`, so that nothing moves then.
        for node in [1, 0] {
            while pipeline.inspect().nodes[node].channel.waitingSenders == 0 { await Task.yield() }
        }
        clock.advance(by: .seconds(3))
        pipeline.cancel()
        gate.open()
        _ = try report(on: pipeline, await run.result)
        let left = pipeline.leftovers
        // The first stage takes one or two jobs at a time.
        let count = left.messages
        #expect(count == 5 || count == 6)
        #expect(left.sources == [SourceLeftovers(name: "in", cancelled: count, rejected: 0, takesJobsBack: true)])
        #expect(left.jobs.map(\.id) == (1...count).map { "in-\($0)" } && left.jobs.map(\.sequence) == Array(1...count))
        let states = [JobState.leaving, .leaving].suffix(count - 4)
        #expect(left.jobs.map(\.node) == ["hold", "hold"] + states.map { _ in "pass" } + ["pass", "in"])
        #expect(left.jobs.map(\.state) == [.atWork, .queued] + states + [.queued, .leaving])
        #expect(left.jobs.map(\.key) == (0..<count).map { Bytes("key \($0)") })
        #expect(left.jobs.allSatisfy { $0.outcome == .cancelled && $0.age == .seconds(3) && $0.failedAttempts == 0 })
        #expect(left.places.count == 5 && left.places.map(\.jobs).reduce(0, +) == count)
        #expect(source.messageOutcomes.prefix(count).allSatisfy { $0 == .cancelled })
    }

    @Test func theNumbersAreExactWhereTheListIsNot() async throws {
        let gate = Gate()
        var options = PipelineOptions.quiet
        options.leftoverDetails = 3
        let box = Box()
        _ = try await runPipeline(
            [
                .source("in", ScriptedSource(Self.jobs(500).map { .send($0) })),
                .stage("hold", StageSettings(workers: 2)) { job, _ in
                    try await gate.pass()
                    return job.value
                },
                .sink("out", CollectingSink()),
            ],
            options: options
        ) { pipeline in
            box.set(pipeline)
            await gate.waiting(2)
            while pipeline.snapshot().books.taken < 500 { await Task.yield() }
            pipeline.cancel()
        }
        let left = try #require(box.pipeline?.leftovers)
        #expect(left.messages == 500 && left.jobCount == 500 && left.jobs.count == 3)
        // What somebody was at is in the list, however much was queued.
        #expect(left.jobs.count { $0.state == .atWork } == 2)
        let lines = left.jsonLines.split(separator: "\n")
        #expect(lines.count == 4)
        #expect(try Value(json: String(lines[0]))["messages"]?.integer == 500)
        #expect(try Value(json: String(lines[1]))["source"]?.text == "in")
    }

    @Test func whatIsHandedBackIsLeft() async throws {
        let box = Box()
        let source = ScriptedSource(values: Self.values, takesJobsBack: true)
        _ = try await runPipeline([
            .source("in", source),
            .stage("check") { value in
                if value.integer == 4 { throw ScriptedError("four") }
                return value
            },
            .sink("out", CollectingSink()),
        ]) { box.set($0) }
        let left = try #require(box.pipeline?.leftovers)
        #expect(left.sources == [SourceLeftovers(name: "in", cancelled: 0, rejected: 1, takesJobsBack: true)])
        let job = try #require(left.jobs.first)
        #expect(job.id == "in-5" && job.node == "check" && job.state == .atWork && job.outcome == .rejected)
        #expect(job.failedAttempts == 1)
    }

    @Test func whatWasWithdrawnIsNotLeft() async throws {
        let (gate, context, box) = (Gate(), MessageContext(), Box())
        let report = try await runPipeline([
            .source("in") { output in
                try await output.send(Job(1), context: context)
                try await output.send(2)
            },
            .stage("hold") { job, _ in
                try await gate.pass()
                return job.value
            },
            .sink("out", CollectingSink()),
        ]) { pipeline in
            box.set(pipeline)
            await gate.waiting(1)
            context.withdraw()
            gate.open()
        }
        #expect(report.books[.cancelled] == 1 && report.books[.delivered] == 1)
        #expect(box.pipeline?.leftovers.isEmpty == true && box.pipeline?.leftovers.jobCount == 0)
    }

    /// A job that was stopped because another of its message failed is done with, and so is the message.
    @Test func siblingsAreNotLeft() async throws {
        let (gate, box) = (Gate(), Box())
        var source = PipelineNode.source("in", ScriptedSource([.send(Job(1))]))
        source.onSiblingFailure = .cancel
        let report = try await runPipeline(
            [
                source,
                .stage("fail", inputs: ["in"]) { _, _ in
                    await gate.waiting(1)
                    throw ScriptedError("no")
                },
                .stage("hold", inputs: ["in"]) { job, _ in
                    try await gate.pass()
                    return job.value
                },
                .sink("out", inputs: ["fail", "hold"], CollectingSink()),
            ],
            deadLetters: CollectingSink()
        ) { box.set($0) }
        #expect(report.books[.deadLettered] == 1 && report.books[.cancelled] == 1)
        #expect(box.pipeline?.leftovers.isEmpty == true && box.pipeline?.leftovers.jobCount == 0)
    }

    /// Whenever a pipeline is stopped: what it says is left is what its books and its sources say.
    @Test(arguments: [ErrorPolicy.reject, .deadLetter]) func theNumbersAgreeWithTheBooks(policy: ErrorPolicy)
        async throws
    {
        for seed in 0..<40 {
            var random = SeededRandom(seed: seed)
            let yields = Int.random(in: 0..<400, using: &random)
            let sources = (0..<2).map { _ in ScriptedSource(Self.jobs(300).map { .send($0) }) }
            var work = PipelineNode.stage("work", StageSettings(workers: 3, order: seed % 2 == 0 ? .input : .none)) {
                job,
                context in
                let number = job.value.integer ?? 0
                for _ in 0..<number % 5 { await Task.yield() }
                if number % 13 == 0 { throw ScriptedError("thirteen") }
                if number % 3 == 0 { try context.emit(job.value, to: "third") }
                return job.value
            }
            work.onError = policy
            work.channel.capacity = 8
            let box = Box()
            let report = try await runPipeline(
                [
                    .source("a", sources[0]), .source("b", sources[1]), work,
                    .sink("out", inputs: ["work", "work.third"], CollectingSink()),
                ],
                deadLetters: CollectingSink()
            ) { pipeline in
                box.set(pipeline)
                for _ in 0..<yields { await Task.yield() }
                pipeline.cancel()
            }
            let left = try #require(box.pipeline?.leftovers)
            #expect(left.jobCount == report.books[.cancelled] + report.books[.rejected], "seed \(seed)")
            #expect(left.jobs.count == min(left.jobCount, 1_000), "seed \(seed)")
            for (source, numbers) in zip(sources, left.sources) {
                let outcomes = source.messageOutcomes
                #expect(numbers.cancelled == outcomes.count { $0 == .cancelled }, "seed \(seed)")
                #expect(numbers.rejected == outcomes.count { $0 == .rejected }, "seed \(seed)")
            }
        }
    }
}
