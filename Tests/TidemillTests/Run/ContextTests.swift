import Synchronization
import Testing
import Tidemill
import TidemillTesting

/// Deadlines, withdrawals, timeouts and siblings, in virtual time.
@Suite(.timeLimit(.minutes(10))) struct ContextTests {
    /// What became of messages, by name.
    private final class Fates: Sendable {
        private let all = Mutex<[String: Outcome]>([:])

        func note(_ name: String) -> @Sendable (Outcome) -> Void {
            { outcome in self.all.withLock { $0[name] = outcome } }
        }

        subscript(name: String) -> Outcome? { all.withLock { $0[name] } }

        private let jobs = Mutex<[String]>([])

        /// The jobs that were begun.
        var started: [String] { jobs.withLock { $0 } }

        func start(_ job: String) { jobs.withLock { $0.append(job) } }
    }

    private let fates = Fates()

    /// A stage that notes whom it starts and naps as long as the job says, in seconds.
    private func napping(_ settings: StageSettings = StageSettings()) -> PipelineNode {
        .stage("nap", settings) { job, context in
            fates.start(context.jobID)
            try await context.worker.clock.sleep(for: .seconds(job.value.number ?? 0))
            return job.value
        }
    }

    private func naps(_ output: SourceOutput, _ naps: [(Double, MessageContext?)]) async throws {
        for (number, (seconds, context)) in naps.enumerated() {
            try await output.send(Job(.number(seconds)), context: context, acknowledge: fates.note("\(number + 1)"))
        }
    }

    @Test func aMessageThatIsLateIsNotStarted() async throws {
        try await simulate(seed: 1) { simulation in
            let sink = CollectingSink()
            let report = try await simulation.run([
                .source("in") {
                    try await naps($0, [(5, nil), (0, MessageContext(timeToLive: .seconds(3))), (1, nil)])
                },
                napping(), .sink("out", sink),
            ])
            #expect(fates.started == ["in-1", "in-3"])
            #expect(fates["2"] == .expired && fates["1"] == .delivered && fates["3"] == .delivered)
            #expect(report.books[.expired] == 1 && sink.values.count == 2)
        }
    }

    @Test func aDeadLetterIsWrittenAlsoWhenItsMessageIsLate() async throws {
        struct SlowLetters: Sink {
            let clock: any PipelineClock

            func write(_ batch: borrowing SinkBatch) async throws { try await clock.sleep(for: .seconds(2)) }
        }
        try await simulate(seed: 1) { simulation in
            var source = PipelineNode.source("in", ScriptedSource(values: [1, 2, 3]))
            source.deadline = .seconds(1)
            let failing = PipelineNode.stage("work") { _, _ in throw ScriptedError("no") }
            let report = try await simulation.run(
                [source, failing, .sink("out", CollectingSink())],
                deadLetters: SlowLetters(clock: simulation.clock)
            )
            #expect(report.books[.deadLettered] == 3 && report.books[.expired] == 0)
        }
    }

    @Test func aJobIsStoppedAtItsDeadlineAndTheWorkerGoesOn() async throws {
        try await simulate(seed: 1) { simulation in
            let report = try await simulation.run([
                .source("in") { try await naps($0, [(100, MessageContext(timeToLive: .seconds(3))), (1, nil)]) },
                napping(), .sink("out", CollectingSink()),
            ])
            #expect(fates["1"] == .expired && fates["2"] == .delivered)
            #expect(simulation.clock.now == .seconds(4))
            #expect(report.node("nap")?.failed == 0)
        }
    }

    @Test func aDeadlineShrinksOnTheWayAndNeverGrows() async throws {
        let left = Mutex<[String: Duration?]>([:])
        @Sendable func looking(_ name: String, deadline: Duration?) -> PipelineNode {
            var settings = StageSettings()
            settings.deadline = deadline
            return .stage(name, settings) { job, context in
                left.withLock { $0[name] = context.remaining }
                try await context.worker.clock.sleep(for: .seconds(1))
                return job.value
            }
        }
        try await simulate(seed: 1) { simulation in
            var source = PipelineNode.source("in") { try await $0.send("x") }
            source.deadline = .seconds(20)
            _ = try await simulation.run([
                source, looking("a", deadline: nil), looking("b", deadline: .seconds(10)),
                looking("c", deadline: .seconds(60)), looking("d", deadline: nil), .sink("out", CollectingSink()),
            ])
        }
        #expect(left.withLock { $0 } == ["a": .seconds(20), "b": .seconds(9), "c": .seconds(8), "d": .seconds(7)])
    }

    /// Also a job that a handler makes anew has no more time than the one it was made of.
    @Test func whatAStageLeftOfADeadlineGoesAlongWithEveryResult() async throws {
        try await simulate(seed: 1) { simulation in
            var settings = StageSettings()
            settings.deadline = .seconds(10)
            let left = Mutex<[Duration?]>([])
            _ = try await simulation.run([
                .source("in") { try await $0.send("x") },
                .stage("split", settings) { job, context in
                    try context.emit("value")
                    try context.emit(Job("new", key: "k"))
                    return "result"
                },
                .stage("look") { job, context in
                    left.withLock { $0.append(context.remaining) }
                    return nil
                },
                .sink("out", CollectingSink()),
            ])
            #expect(left.withLock { $0 } == [.seconds(10), .seconds(10), .seconds(10)])
        }
    }

    @Test func aWithdrawnMessageStopsWhereverItIs() async throws {
        // At work; queued behind it; waiting for another attempt.
        let contexts = (0..<3).map { _ in MessageContext() }
        try await simulate(seed: 1) { simulation in
            var settings = StageSettings()
            settings.retry = RetryPolicy(maxAttempts: 9, initialInterval: .seconds(1_000), jitter: false)
            let report = try await simulation.run(
                [
                    .source("in") { try await naps($0, [(-1, contexts[0]), (100, contexts[1]), (0, contexts[2])]) },
                    .stage("work", settings) { job, context in
                        let seconds = job.value.number ?? 0
                        if seconds < 0 { throw ScriptedError("try again") }
                        fates.start(context.jobID)
                        try await context.worker.clock.sleep(for: .seconds(seconds))
                        return job.value
                    },
                    .sink("out", CollectingSink()),
                ]
            ) { _ in
                try await simulation.clock.sleep(for: .seconds(1))
                for context in contexts { context.withdraw() }
            }
            #expect(simulation.clock.now == .seconds(1) && fates.started == ["in-2"])
            #expect(report.books[.cancelled] == 3 && ["1", "2", "3"].allSatisfy { fates[$0] == .cancelled })
        }
    }

    @Test func aMessageWithdrawnBeforeItIsSentIsNotStarted() async throws {
        try await simulate(seed: 1) { simulation in
            let context = MessageContext()
            context.withdraw()
            _ = try await simulation.run([
                .source("in") { try await naps($0, [(1, context)]) }, napping(), .sink("out", CollectingSink()),
            ])
            #expect(fates["1"] == .cancelled && fates.started.isEmpty)
        }
    }

    @Test(arguments: SiblingPolicy.allCases) func siblingsGoOnOrStop(policy: SiblingPolicy) async throws {
        try await simulate(seed: 1) { simulation in
            let (sink, letters) = (CollectingSink(), CollectingSink())
            var source = PipelineNode.source("in") { output in
                try await output.send(Job("x"), acknowledge: fates.note("x"))
            }
            source.onSiblingFailure = policy
            let report = try await simulation.run(
                [
                    source,
                    .stage("split") { job, context in
                        for seconds in [1.0, 2, 30] { try context.emit(.number(seconds)) }
                        return nil
                    },
                    .stage("work", StageSettings(workers: 3)) { job, context in
                        let seconds = job.value.number ?? 0
                        try await context.worker.clock.sleep(for: .seconds(seconds))
                        if seconds == 2 { throw ScriptedError("the second fails") }
                        return job.value
                    },
                    .sink("out", sink),
                ],
                deadLetters: letters
            )
            // The message has failed as its job has; that the others were stopped makes it no worse.
            #expect(fates["x"] == .deadLettered && letters.values.count == 1)
            #expect(sink.values == (policy == .cancel ? [1.0] : [1.0, 30.0]))
            #expect(report.books[.cancelled] == (policy == .cancel ? 1 : 0))
            #expect(simulation.clock.now == .seconds(policy == .cancel ? 2 : 30))
        }
    }

    @Test(arguments: [1, 3], JobOrder.allCases) func anAttemptThatTakesTooLongFails(workers: Int, order: JobOrder)
        async throws
    {
        try await simulate(seed: 1) { simulation in
            var settings = StageSettings(workers: workers, order: order)
            settings.timeout = .seconds(8)
            let (sink, letters) = (CollectingSink(), CollectingSink())
            let report = try await simulation.run(
                [
                    .source("in") {
                        try await naps($0, [(1, nil), (100, nil), (2, nil), (7, nil), (9, nil), (3, nil)])
                    },
                    napping(settings), .sink("out", sink),
                ],
                deadLetters: letters
            )
            #expect(sink.values.compactMap(\.number).sorted() == [1, 2, 3, 7])
            if order == .input { #expect(sink.values == [1.0, 2.0, 7.0, 3.0]) }
            #expect(letters.values.map { $0["error"]?["kind"] } == ["timeout", "timeout"])
            #expect(letters.values.first?["error"]?["message"] == "the attempt took longer than 8s (timeout)")
            #expect(report.node("nap")?.failed == 2 && report.node("nap")?.givenUp == 0)
        }
    }

    /// A run is cut at a failure; the jobs behind it have all their time.
    @Test func noAttemptIsStoppedBeforeItsTime() async throws {
        try await simulate(seed: 1) { simulation in
            var settings = StageSettings(order: .input)
            settings.timeout = .seconds(8)
            let (sink, letters) = (CollectingSink(), CollectingSink())
            var nodes: [PipelineNode] = [
                .source("in", ScriptedSource(values: (0..<15).map { .integer($0) }, batch: 15)),
                .stage("work", settings) { job, context in
                    try await context.worker.clock.sleep(for: .seconds(job.value.integer ?? 0 < 7 ? 0 : 7))
                    if job.value == 8 { throw ScriptedError("no") }
                    return job.value
                },
                .sink("out", sink),
            ]
            nodes[1].channel = ChannelLimits(capacity: 16)
            _ = try await simulation.run(nodes, deadLetters: letters)
            #expect(sink.integers == (0..<15).filter { $0 != 8 } && letters.values.count == 1)
        }
    }

    @Test func aTimeoutIsRetriedWithATaskThatIsNotCancelled() async throws {
        try await simulate(seed: 1) { simulation in
            var settings = StageSettings()
            settings.timeout = .seconds(1)
            settings.retry = RetryPolicy(maxAttempts: 2, initialInterval: .seconds(1), jitter: false)
            let sink = CollectingSink()
            _ = try await simulation.run([
                .source("in") { try await naps($0, [(0, nil)]) },
                .stage("work", settings) { job, context in
                    #expect(!Task.isCancelled)
                    if context.attempt == 1 { try await context.worker.clock.sleep(for: .seconds(5)) }
                    return .integer(Int64(context.attempt))
                },
                .sink("out", sink),
            ])
            #expect(sink.values == [2])
        }
    }

    /// A handler that hears of no cancellation: its worker is given up, and its late result counts for nothing.
    @Test(arguments: JobOrder.allCases) func aWorkerThatCannotBeStoppedIsReplaced(order: JobOrder) async throws {
        try await simulate(seed: 1) { simulation in
            var settings = StageSettings(workers: 1, order: order)
            settings.timeout = .seconds(1)
            let (sink, letters) = (CollectingSink(), CollectingSink())
            let report = try await simulation.run(
                [
                    .source("in") { try await naps($0, [(0, nil), (60, nil), (0.5, nil)]) },
                    .stage("work", settings) { job, context in
                        let (clock, seconds) = (context.worker.clock, job.value.number ?? 0)
                        if seconds < 60 {
                            try await clock.sleep(for: .seconds(seconds))
                        } else {
                            _ = await simulation.task { try await clock.sleep(for: .seconds(seconds)) }.result
                        }
                        return job.value
                    },
                    .sink("out", sink),
                ],
                deadLetters: letters
            )
            #expect(sink.values == [0.0, 0.5] && letters.values.first?["error"]?["kind"] == "stuck")
            #expect(report.node("work")?.givenUp == 1 && report.books[.deadLettered] == 1)
            #expect(simulation.clock.now < .seconds(5))
            try await simulation.clock.sleep(for: .seconds(60))
            #expect(sink.values.count == 2 && letters.values.count == 1)
        }
    }

    @Test func tooManyStuckWorkersFailThePipeline() async throws {
        try await simulate(seed: 1) { simulation in
            var settings = StageSettings(workers: 2)
            settings.timeout = .seconds(1)
            settings.maxStuckWorkers = 3
            var nodes: [PipelineNode] = [
                .source("in") { try await naps($0, Array(repeating: (0, nil), count: 9)) },
                .stage("work", settings) { job, context in
                    let clock = context.worker.clock
                    _ = await simulation.task { try await clock.sleep(for: .seconds(60)) }.result
                    return job.value
                },
                .sink("out", CollectingSink()),
            ]
            nodes[1].onError = .drop
            let report = try await simulation.run(nodes)
            #expect(report.failure?.code == .stuck && report.failure?.node == "work")
            try await simulation.clock.sleep(for: .seconds(60))
        }
    }

    @Test func aJobThatIsStoppedOnTrialDecidesNothing() async throws {
        try await simulate(seed: 1) { simulation in
            var settings = StageSettings()
            settings.breaker = BreakerPolicy(minJobs: 2, pause: .seconds(5))
            let late = MessageContext(timeToLive: .seconds(1))
            let calls = Mutex<[Duration]>([])
            var stage = PipelineNode.stage("work", settings) { job, context in
                calls.withLock { $0.append(context.worker.clock.now) }
                if job.value == 0.0 { throw ScriptedError("down") }
                return job.value
            }
            stage.onError = .drop
            _ = try await simulation.run([
                .source("in") { output in
                    try await naps(output, [(0, nil), (0, nil)])
                    try await output.clock.sleep(for: .milliseconds(1))
                    try await naps(output, [(1, late), (0, nil), (1, nil)])
                },
                stage,
                .sink("out", CollectingSink()),
            ])
            // The late one is no trial; the next is, and fails, so that the pause is twice as long.
            #expect(fates["1"] == .expired && fates["3"] == .delivered)
            #expect(calls.withLock { $0 } == [.zero, .zero, .seconds(5), .seconds(15)])
        }
    }
}
