import Testing
import Tidemill
import TidemillTesting

@Suite(.timeLimit(.minutes(5))) struct SubmissionTests {
    private func pipeline(
        _ sink: any Sink = CollectingSink(),
        capacity: Int = 256,
        _ handle: @escaping @Sendable (Job, JobContext) async throws -> Value?
    ) throws -> Pipeline {
        var stage = PipelineNode.stage("work", handle: handle)
        stage.onError = .reject
        let nodes = [PipelineNode.source("in", Submissions(capacity: capacity)), stage, .sink("out", sink)]
        return try Pipeline(name: "embedded", nodes: nodes, options: .quiet)
    }

    /// Runs a pipeline beside `body`, and drains it then.
    private func running(_ pipeline: Pipeline, _ body: () async throws -> Void) async throws {
        let run = Task { try await pipeline.run() }
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        pipeline.drain()
        let end = await run.result
        try result.get()
        _ = try report(on: pipeline, end)
    }

    @Test func whatCameOfAJobIsTold() async throws {
        let pipeline = try pipeline { job, context in
            if job.value == "bad" { throw JobFailure(.handler, "a bad one") }
            if job.value == "none" { return nil }
            try context.emit("first")
            return "second"
        }
        try await running(pipeline) {
            let done = try await pipeline.process(Job("good"))
            #expect(done.outcome == .delivered && done.values == ["first", "second"] && done.failure == nil)
            let failed = try await pipeline.process(Job("bad"))
            #expect(failed.outcome == .rejected && failed.values.isEmpty && failed.failure?.message == "a bad one")
            #expect(try await pipeline.process(Job("none")).outcome == .filtered)
        }
    }

    @Test func submittingDoesNotWaitForTheOutcome() async throws {
        let (gate, sink) = (Gate(), CollectingSink())
        let pipeline = try pipeline(sink) { job, _ in
            try await gate.pass()
            return job.value
        }
        try await running(pipeline) {
            let submission = try await pipeline.submit(1)
            try await pipeline.submit(2)
            #expect(sink.jobs.isEmpty)
            gate.open()
            #expect(await submission.result().outcome == .delivered)
        }
        #expect(sink.integers == [1, 2], "a drain does what was taken in")
    }

    @Test func submittersWaitWhereThereIsNoRoom() async throws {
        let pipeline = try pipeline(capacity: 2) { job, _ in job.value }
        // Before the pipeline runs, nobody takes any out.
        try await pipeline.submit(1)
        try await pipeline.submit(2)
        let third = Task { try await pipeline.submit(3) }
        let fourth = Task { try await pipeline.submit(4) }
        fourth.cancel()
        await #expect(throws: CancellationError.self) { try await fourth.value }
        try await running(pipeline) {
            let result = try await third.value.result()
            #expect(result.values == [3])
        }
    }

    @Test func aTaskThatIsCancelledWithdrawsItsJob() async throws {
        let gate = Gate()
        let pipeline = try pipeline { job, _ in
            try await gate.pass()
            return job.value
        }
        try await running(pipeline) {
            let call = Task { try await pipeline.process(Job("long")) }
            await gate.waiting(1)
            call.cancel()
            let result = try await call.value
            #expect(result.outcome == .cancelled)
            gate.open()
        }
    }

    @Test func aJobMayTakeOnlySoLong() async throws {
        let (clock, gate) = (ManualClock(), Gate())
        var options = PipelineOptions.quiet
        options.clock = clock
        let stage = PipelineNode.stage("work") { job, _ in
            try await gate.pass()
            return job.value
        }
        let nodes = [PipelineNode.source("in", Submissions()), stage, .sink("out", CollectingSink())]
        let pipeline = try Pipeline(name: "embedded", nodes: nodes, options: options)
        try await running(pipeline) {
            let submission = try await pipeline.submit("long", timeToLive: .seconds(2))
            await gate.waiting(1)
            clock.advance(by: .seconds(3))
            #expect(await submission.result().outcome == .expired)
        }
    }

    @Test func nobodyWaitsForAPipelineThatHasEnded() async throws {
        let pipeline = try pipeline { job, _ in job.value }
        let early = try await pipeline.submit(1)
        let run = Task { try await pipeline.run() }
        #expect(await early.result().outcome == .delivered)
        pipeline.drain()
        try await run.value
        await #expect(throws: SubmissionError.closed) { try await pipeline.submit(2) }
    }

    @Test func aPipelineThatCouldNotStartCancelsWhatItWasGiven() async throws {
        struct Broken: Sink {
            func open() async throws { throw ScriptedError("no") }
            func write(_ batch: borrowing SinkBatch) async throws {}
        }
        let pipeline = try pipeline(Broken()) { job, _ in job.value }
        let submission = try await pipeline.submit(1)
        await #expect(throws: PipelineError.self) { try await pipeline.run() }
        #expect(await submission.result().outcome == .cancelled)
    }

    @Test func thereMustBeOneSourceToSubmitTo() async throws {
        let nodes = [
            PipelineNode.source("a", Submissions()), .source("b", Submissions()), .sink("out", CollectingSink()),
        ]
        let pipeline = try Pipeline(name: "embedded", nodes: nodes, options: .quiet)
        await #expect(throws: SubmissionError.noEntry) { try await pipeline.submit(1) }
        let submission = try await pipeline.submit(1, to: "b")
        try await running(pipeline) { #expect(await submission.result().values == [1]) }
    }

    @Test func manySubmitAtOnce() async throws {
        let pipeline = try pipeline(capacity: 4) { job, _ in .integer((job.value.integer ?? 0) * 2) }
        try await running(pipeline) {
            let sum = try await withThrowingTaskGroup(of: Int64.self) { group in
                for number in 0..<500 {
                    group.addTask {
                        try await pipeline.process(Job(.integer(Int64(number)))).values.first?.integer ?? 0
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(sum == 500 * 499)
        }
    }

    @Test func typesOfTheProgramGoThrough() async throws {
        struct Order: Codable { var id: Int; var prices: [Double] }
        struct Total: Codable, Equatable { var id: Int; var total: Double }
        let submissions = Submissions()
        let pipeline = try Pipeline(
            name: "embedded",
            nodes: [
                .source("in", submissions),
                .stage("total", of: Order.self) { order, _ in
                    order.prices.isEmpty ? nil : Total(id: order.id, total: order.prices.reduce(0, +))
                },
                .sink("out", CollectingSink()),
            ],
            deadLetters: CollectingSink(),
            options: .quiet
        )
        try await running(pipeline) {
            let done = try await submissions.process(Job(encoding: Order(id: 7, prices: [1, 2.5])))
            #expect(
                try done.values.map { try ValueDecoder().decode(Total.self, from: $0) } == [Total(id: 7, total: 3.5)]
            )
            let wrong = try await submissions.process(Job(["id": 1, "prices": ["x"]]))
            #expect(wrong.outcome == .deadLettered && wrong.values.isEmpty)
            #expect(wrong.failure?.message == "no Order: prices.[0]: expected a number, and it is a string")
            #expect(try await submissions.process(Job(encoding: Order(id: 7, prices: []))).outcome == .filtered)
        }
    }
}
