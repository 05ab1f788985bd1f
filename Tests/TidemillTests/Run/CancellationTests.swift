import Synchronization
import Testing
import Tidemill
import TidemillTesting

/// Stops of every sort, at every moment: never a hang, and the books balance.
@Suite(.timeLimit(.minutes(10))) struct CancellationTests {
    private static let values: [Value] = (0..<400).map { .integer($0) }

    /// A graph with everything in it: two sources, an ordered stage, fan-out, a port, failures, dead letters.
    private static func nodes(
        _ sources: [ScriptedSource],
        _ sinks: [CollectingSink],
        workers: Int,
        capacity: Int
    ) -> [PipelineNode] {
        var nodes: [PipelineNode] = [
            .source("a", sources[0]), .source("b", sources[1]),
            .stage("first", StageSettings(workers: workers, order: .input)) { job, context in
                let number = job.value.integer ?? 0
                for _ in 0..<number % 7 { await Task.yield() }
                if number % 11 == 0 { throw ScriptedError("eleven") }
                if number % 3 == 0 { try context.emit(job.value, to: "third") }
                return job.value
            },
            .stage("second", inputs: ["first", "first.third"], StageSettings(workers: workers)) { $0 },
            .sink("left", inputs: ["second"], sinks[0]),
            .sink("right", inputs: ["first"], sinks[1]),
        ]
        for index in nodes.indices { nodes[index].channel.capacity = capacity }
        return nodes
    }

    @Test(arguments: [0, 1, 64], [1, 8]) func cancelAtAnyMoment(capacity: Int, workers: Int) async throws {
        for seed in 0..<60 {
            var random = SeededRandom(seed: seed)
            let yields = Int.random(in: 0..<400, using: &random)
            let threads = Int.random(in: 1...3, using: &random)
            let way = Int.random(in: 0..<3, using: &random)
            var options = PipelineOptions.quiet
            options.inFlight = [1, 4, 1024][Int.random(in: 0..<3, using: &random)]
            let sources = (0..<2).map { _ in ScriptedSource(values: Self.values, batch: 1 + seed % 9) }
            let sinks = (0..<3).map { _ in CollectingSink() }
            let report = try await runPipeline(
                Self.nodes(sources, sinks, workers: workers, capacity: capacity),
                deadLetters: sinks[2],
                options: options
            ) { pipeline in
                for _ in 0..<yields { await Task.yield() }
                await withDiscardingTaskGroup { group in
                    for thread in 0..<threads {
                        group.addTask { if way == 1 && thread == 0 { pipeline.drain() } else { pipeline.cancel() } }
                    }
                }
            }
            #expect(report.failure == nil, "seed \(seed)")
            let delivered = sinks[0].jobs.count + sinks[1].jobs.count
            #expect(report.books[.delivered] == delivered, "seed \(seed)")
            #expect(report.books[.deadLettered] == sinks[2].jobs.count, "seed \(seed)")
            for source in sources {
                #expect(source.acknowledgements.allSatisfy { $0.value.count == 1 }, "seed \(seed)")
                #expect(source.messageOutcomes.allSatisfy { $0 != nil }, "seed \(seed)")
            }
            for sink in sinks { #expect(sink.calls.opened == sink.calls.closed, "seed \(seed)") }
        }
    }

    @Test func drainInTheMiddleProcessesAllThatWasBrought() async throws {
        for seed in 0..<40 {
            var random = SeededRandom(seed: seed)
            let yields = Int.random(in: 0..<300, using: &random)
            let sources = (0..<2).map { _ in ScriptedSource(values: Self.values, batch: 3, staysOpen: true) }
            let sinks = (0..<3).map { _ in CollectingSink() }
            let report = try await runPipeline(
                Self.nodes(sources, sinks, workers: 4, capacity: 8),
                deadLetters: sinks[2]
            ) { pipeline in
                for _ in 0..<yields { await Task.yield() }
                pipeline.drain()
                pipeline.drain()
            }
            #expect(report.failure == nil && report.books[.cancelled] == 0, "seed \(seed)")
            #expect(report.books.taken == sources[0].sentCount + sources[1].sentCount)
            for source in sources {
                let expected = (0..<source.sentCount).map { $0 % 11 == 0 ? Outcome.deadLettered : .delivered }
                #expect(source.messageOutcomes == expected, "seed \(seed)")
            }
        }
    }

    @Test func drainOrCancelBeforeTheRun() async throws {
        for cancels in [true, false] {
            let source = ScriptedSource(values: Self.values)
            let sink = CollectingSink()
            let pipeline = try Pipeline(
                name: "early",
                nodes: [.source("in", source), .sink("out", sink)],
                options: .quiet
            )
            if cancels { pipeline.cancel() } else { pipeline.drain() }
            let report = try report(on: pipeline, await Task { try await pipeline.run() }.result)
            #expect(report.failure == nil && report.books.taken == 0)
            #expect(sink.calls == CollectingSink.Calls(opened: 1, closed: 1))
        }
    }

    @Test func cancelDuringTheStartIsNoFailure() async throws {
        let gate = Gate()
        let source = ScriptedSource(values: Self.values)
        let report = try await runPipeline([
            .source("in", source),
            .stage("slow", StageSettings(workers: 3)) { context -> any Handler in
                try await gate.pass()
                throw ScriptedError("\(context.worker) should have been cancelled")
            },
            .sink("out", CollectingSink()),
        ]) { pipeline in
            await gate.waiting(3)
            pipeline.cancel()
        }
        #expect(report.failure == nil && source.sentCount == 0)
    }

    @Test func anInterruptedJobIsNeitherFailedNorDeadLettered() async throws {
        let gate = Gate()
        let source = ScriptedSource(values: Self.values)
        let letters = CollectingSink()
        let report = try await runPipeline(
            [
                .source("in", source),
                .stage("wait", StageSettings(workers: 4)) { job, _ in
                    try await gate.pass()
                    return job.value
                },
                .sink("out", CollectingSink()),
            ],
            deadLetters: letters
        ) { pipeline in
            await gate.waiting(4)
            pipeline.cancel()
        }
        #expect(report.failure == nil)
        #expect(report.books[.cancelled] == report.books.taken && report.node("wait")?.failed == 0)
        #expect(source.messageOutcomes.allSatisfy { $0 == .cancelled })
        #expect(letters.jobs.isEmpty)
    }

    @Test func aSinkThatIsInterruptedIsNoFailure() async throws {
        let gate = Gate()
        let source = ScriptedSource(values: Self.values)
        let report = try await runPipeline([.source("in", source), .sink("out", CollectingSink(gate: gate))]) {
            await gate.waiting(1)
            $0.cancel()
        }
        #expect(report.failure == nil && report.books[.cancelled] == report.books.taken)
    }

    @Test func aFullLedgerIsNoTrapAtCancel() async throws {
        let gate = Gate()
        var options = PipelineOptions.quiet
        options.inFlight = 8
        let source = ScriptedSource(values: Self.values, batch: 50)
        let report = try await runPipeline(
            [.source("in", source), .sink("out", CollectingSink(gate: gate))],
            options: options
        ) { pipeline in
            await gate.waiting(1)
            while pipeline.snapshot().books.taken < 8 { await Task.yield() }
            pipeline.cancel()
        }
        #expect(report.books[.delivered] == 0 && report.books.taken == 50)
    }

    @Test func cancellingTheTaskCancelsThePipeline() async throws {
        let gate = Gate()
        let pipeline = try Pipeline(
            name: "task",
            nodes: [
                .source("in", ScriptedSource(values: Self.values, staysOpen: true)),
                .sink("out", CollectingSink(gate: gate)),
            ],
            options: .quiet
        )
        let task = Task { try await pipeline.run() }
        await gate.waiting(1)
        task.cancel()
        let report = try report(on: pipeline, await task.result)
        #expect(report.failure == nil && report.books[.cancelled] == report.books.taken)
    }

    @Test func theRunWaitsForACancelThatStillSettles() async throws {
        let (gate, flags) = (Gate(), Flags())
        let report = try await runPipeline([
            .source("in") { output in
                for number in 0..<3 as Range<Int64> {
                    try await output.send(Job(.integer(number))) { _ in
                        guard number == 1 else { return }
                        flags.settling.store(true, ordering: .releasing)
                        while !flags.released.load(ordering: .acquiring) {}
                    }
                }
            },
            .sink("out", CollectingSink(gate: gate)),
        ]) { pipeline in
            await gate.waiting(1)
            while pipeline.snapshot().nodes[1].queued < 2 { await Task.yield() }
            await withDiscardingTaskGroup { group in
                group.addTask { pipeline.cancel() }
                while !flags.settling.load(ordering: .acquiring) { await Task.yield() }
                for _ in 0..<1000 { await Task.yield() }
                #expect(!pipeline.snapshot().isEnded)
                flags.released.store(true, ordering: .releasing)
            }
        }
        #expect(report.books[.cancelled] == 3)
    }

    @Test func aReceiptMayCancelThePipeline() async throws {
        let pipeline = Box()
        let sink = CollectingSink()
        let report = try await runPipeline([
            .source("in") { output in
                for number in 0..<100 as Range<Int64> {
                    try await output.send(Job(.integer(number))) { _ in pipeline.cancel() }
                }
            },
            .sink("out", sink),
        ]) { pipeline.set($0) }
        #expect(report.failure == nil && report.books.balance)
    }

    private final class Flags: Sendable {
        let settling = Atomic<Bool>(false)
        let released = Atomic<Bool>(false)
    }
}
