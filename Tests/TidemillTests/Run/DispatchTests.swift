import Synchronization
import Testing
import Tidemill
import TidemillTesting

/// How jobs reach workers, in virtual time.
@Suite(.timeLimit(.minutes(10))) struct DispatchTests {
    private static func numbers(_ range: Range<Int64>) -> [Job] { range.map { Job(.integer($0)) } }

    private static func settings(_ dispatch: DispatchMode, _ workers: Int) -> StageSettings {
        StageSettings(workers: workers, dispatch: dispatch)
    }

    /// Even and odd numbers are the keys.
    private static func twoKeys(_ dispatch: DispatchMode, _ workers: Int, _ order: JobOrder) -> StageSettings {
        var settings = settings(dispatch, workers)
        settings.order = order
        settings.key = { $0.value.integer.map { Bytes("\($0 % 2)") } }
        return settings
    }

    /// The same, and a job may take a second.
    private static func hurried(_ dispatch: DispatchMode, _ workers: Int, _ order: JobOrder) -> StageSettings {
        var settings = twoKeys(dispatch, workers, order)
        settings.timeout = .seconds(1)
        return settings
    }

    // MARK: A task for every job

    @Test func noMoreJobsAreAtWorkThanThereAreWorkers() async throws {
        try await checkSeeds(count: 20) { simulation in
            let gate = Gate()
            let sink = CollectingSink()
            let stage = PipelineNode.stage("work", Self.settings(.perJob, 3)) { job, _ in
                try await gate.pass()
                return job.value
            }
            let source = ScriptedSource(values: (0..<10).map { Value.integer($0) })
            _ = try await simulation.run([.source("in", source), stage, .sink("out", sink)]) { _ in
                try await simulation.clock.sleep(for: .seconds(1))
                #expect(gate.count == 3)
                gate.admit(1)
                try await simulation.clock.sleep(for: .seconds(1))
                #expect(gate.count == 3 && sink.jobs.count == 1)
                gate.open()
            }
            #expect(sink.integers.sorted() == Array(0..<10))
        }
    }

    @Test func aWorkerIsMadeWhenThereIsAJobForIt() async throws {
        try await checkSeeds(count: 20) { simulation in
            let made = Atomic<Int>(0)
            let steps = Self.numbers(0..<20).flatMap { [ScriptedSource.Step.send($0), .pause(.seconds(1))] }
            let stage = PipelineNode.stage("work", Self.settings(.perJob, 64)) { _ in
                made.add(1, ordering: .relaxed)
                return Passing()
            }
            let sink = CollectingSink()
            _ = try await simulation.run([.source("in", ScriptedSource(steps)), stage, .sink("out", sink)])
            #expect(sink.jobs.count == 20)
            // No two are at work at the same time, but one waits for a job while another is at its own.
            #expect(made.load(ordering: .relaxed) <= 2)
        }
    }

    /// Nothing is sent any more when it fails, and it comes back all the same.
    @Test(arguments: DispatchMode.allCases) func theLastJobsAreTriedAgain(dispatch: DispatchMode) async throws {
        try await checkSeeds(count: 20) { simulation in
            var settings = Self.settings(dispatch, 3)
            settings.retry = RetryPolicy(maxAttempts: 3, initialInterval: .seconds(1), jitter: false)
            settings.key = { _ in "one" }
            let stage = PipelineNode.stage("work", settings) { job, context in
                try await context.worker.clock.sleep(for: .seconds(5))
                if context.attempt < 3 { throw ScriptedError("not yet") }
                return job.value
            }
            let source = ScriptedSource(values: (0..<4).map { Value.integer($0) })
            let report = try await simulation.run([.source("in", source), stage, .sink("out", CollectingSink())])
            #expect(report.books[.delivered] == 4 && report.failure == nil)
        }
    }

    // MARK: Every mode

    @Test(arguments: DispatchMode.allCases, JobOrder.allCases)
    func jobsThatTakeTooLongAreStopped(dispatch: DispatchMode, order: JobOrder) async throws {
        try await checkSeeds(count: 10) { simulation in
            var stage = PipelineNode.stage("work", Self.hurried(dispatch, 3, order)) { job, context in
                if job.value.integer == 3 { try await context.worker.clock.sleep(for: .seconds(1_000)) }
                return job.value
            }
            stage.onError = .drop
            let source = ScriptedSource(values: (0..<9).map { Value.integer($0) })
            let sink = CollectingSink()
            let report = try await simulation.run([.source("in", source), stage, .sink("out", sink)])
            #expect(report.books[.dropped] == 1 && report.snapshot.time < .seconds(2))
            #expect(sink.integers.sorted() == [0, 1, 2, 4, 5, 6, 7, 8])
        }
    }

    @Test(arguments: DispatchMode.allCases, JobOrder.allCases)
    func aWorkerThatCannotBeStoppedIsReplaced(dispatch: DispatchMode, order: JobOrder) async throws {
        try await checkSeeds(count: 10) { simulation in
            var stage = PipelineNode.stage("work", Self.hurried(dispatch, 2, order)) { job, context in
                let clock = context.worker.clock
                if job.value.integer == 3 {
                    _ = await simulation.task { try await clock.sleep(for: .seconds(100)) }.result
                }
                return job.value
            }
            stage.onError = .drop
            var options = simulation.options
            options.stopGrace = .seconds(1)
            let source = ScriptedSource(values: (0..<9).map { Value.integer($0) })
            let sink = CollectingSink()
            let nodes = [.source("in", source), stage, .sink("out", sink)]
            let report = try await simulation.run(nodes, options: options)
            #expect(report.node("work")?.givenUp == 1 && report.books[.dropped] == 1)
            #expect(sink.integers.sorted() == [0, 1, 2, 4, 5, 6, 7, 8])
            // It comes to its end after all.
            try await simulation.clock.sleep(for: .seconds(100))
        }
    }

    @Test(arguments: DispatchMode.allCases, JobOrder.allCases)
    func aCancelledPipelineEndsAtOnce(dispatch: DispatchMode, order: JobOrder) async throws {
        try await checkSeeds(count: 10) { simulation in
            let settings = Self.twoKeys(dispatch, 3, order)
            let stage = PipelineNode.stage("work", settings) { job, context in
                try await context.worker.clock.sleep(for: .seconds(1_000))
                return job.value
            }
            let source = ScriptedSource(values: (0..<30).map { Value.integer($0) })
            let report = try await simulation.run([.source("in", source), stage, .sink("out", CollectingSink())]) {
                try await simulation.clock.sleep(for: .seconds(3))
                $0.cancel()
            }
            #expect(report.snapshot.time == .seconds(3) && report.books[.cancelled] == 30)
        }
    }

    /// Without room in the channel a job is taken where a worker has nothing to do, and else handed back.
    @Test(arguments: [DispatchMode.idle, .perJob]) func aFullStageSaysSo(dispatch: DispatchMode) async throws {
        try await checkSeeds(count: 20) { simulation in
            let pause = ScriptedSource.Step.pause(.seconds(1))
            var steps = [pause]
            for job in Self.numbers(0..<4) { steps += [.send(job), pause] }
            steps += [.pause(.seconds(100)), .send(Job(4))]
            var stage = PipelineNode.stage("work", Self.settings(dispatch, 2)) { job, context in
                try await context.worker.clock.sleep(for: .seconds(50))
                return job.value
            }
            stage.channel = ChannelLimits(capacity: 0, overflow: .reject)
            let source = ScriptedSource(steps, takesJobsBack: true)
            _ = try await simulation.run([.source("in", source), stage, .sink("out", CollectingSink())])
            #expect(source.messageOutcomes == [.delivered, .delivered, .rejected, .rejected, .delivered])
        }
    }
}

/// Lets everything pass.
struct Passing: Handler {
    func handle(_ job: Job, _ context: JobContext) async throws -> Value? { job.value }
}
