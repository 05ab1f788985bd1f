import Synchronization
import Testing
import Tidemill
import TidemillTesting

/// Stages whose number of workers changes while they run.
@Suite(.timeLimit(.minutes(10))) struct ResizeTests {
    private static func source(_ count: Int64) -> ScriptedSource {
        ScriptedSource(values: (0..<count).map { Value.integer($0) }, batch: 4)
    }

    @Test(arguments: DispatchMode.allCases) func thereAreAsManyWorkersAsWereAskedFor(dispatch: DispatchMode)
        async throws
    {
        try await checkSeeds(count: 20) { simulation in
            let gate = Gate()
            var settings = StageSettings(workers: 2, dispatch: dispatch)
            settings.key = { $0.value.integer.map { Bytes("\($0)") } }
            let stage = PipelineNode.stage("work", settings) { job, _ in
                try await gate.pass()
                return job.value
            }
            let sink = CollectingSink()
            let nodes = [.source("in", Self.source(200)), stage, .sink("out", sink)]
            _ = try await simulation.run(nodes) { pipeline in
                try await simulation.clock.sleep(for: .seconds(1))
                for size in [2, 5, 1, 3] {
                    try pipeline.resize("work", to: size)
                    #expect(try pipeline.workers(of: "work") == size)
                    // Those that are too many leave when they have done what they took.
                    gate.admit(10)
                    try await simulation.clock.sleep(for: .seconds(1))
                    #expect(gate.count == size)
                }
                try pipeline.addWorker(to: "work")
                try await simulation.clock.sleep(for: .seconds(1))
                #expect(gate.count == 4)
                for _ in 0..<9 { try pipeline.removeWorker(from: "work") }
                #expect(try pipeline.workers(of: "work") == 1, "the last one stays")
                gate.open()
            }
            #expect(sink.integers.sorted() == Array(0..<200))
        }
    }

    @Test func whatCannotBeIsRefused() async throws {
        let sink = CollectingSink()
        let nodes: [PipelineNode] = [
            .source("in", Self.source(1)), .stage("work") { job, _ in job.value }, .sink("out", sink),
        ]
        let pipeline = try Pipeline(name: "test", nodes: nodes, options: .quiet)
        #expect(throws: PipelineError.self) { try pipeline.resize("work", to: 2) }
        #expect(throws: PipelineError.self) { try pipeline.resize("work", to: 0) }
        #expect(throws: PipelineError.self) { try pipeline.resize("in", to: 2) }
        #expect(throws: PipelineError.self) { try pipeline.addWorker(to: "nowhere") }
        #expect(throws: PipelineError.self) { try pipeline.workers(of: "out") }
        #expect(try pipeline.workers(of: "work") == 1)
    }

    /// A stage of which only the first worker can start, and takes a second to say so of the others.
    private static func fragile(_ settings: StageSettings) -> PipelineNode {
        .stage("work", settings) { worker in
            if worker.worker > 1 {
                try await worker.clock.sleep(for: .seconds(1))
                throw ScriptedError("no more")
            }
            return Sleeping()
        }
    }

    @Test func theOthersGoOnWithoutOneThatCannotStart() async throws {
        try await checkSeeds(count: 20) { simulation in
            let nodes = [.source("in", Self.source(20)), Self.fragile(StageSettings()), .sink("out", CollectingSink())]
            let report = try await simulation.run(nodes) { pipeline in
                try await simulation.clock.sleep(for: .milliseconds(1500))
                try pipeline.resize("work", to: 3)
                try await simulation.clock.sleep(for: .seconds(2))
                #expect(try pipeline.workers(of: "work") == 1)
            }
            #expect(report.failure == nil && report.books[.delivered] == 20)
        }
    }

    /// The numbers of workers that left are given again, and they are no more needed than others.
    @Test func oneMoreUnderAnOldNumberIsNotNeeded() async throws {
        try await checkSeeds(count: 20) { simulation in
            let made = Atomic<Int>(0)
            let stage = PipelineNode.stage("work", StageSettings(workers: 2)) { _ in
                if made.add(1, ordering: .relaxed).newValue > 2 { throw ScriptedError("no more") }
                return Sleeping()
            }
            let nodes = [.source("in", Self.source(20)), stage, .sink("out", CollectingSink())]
            let report = try await simulation.run(nodes) { pipeline in
                try await simulation.clock.sleep(for: .seconds(1))
                try pipeline.resize("work", to: 1)
                try await simulation.clock.sleep(for: .seconds(3))
                try pipeline.resize("work", to: 2)
            }
            #expect(report.failure == nil && report.books[.delivered] == 20)
        }
    }

    /// Two are started, one is to stay, and neither of them can start: the one that was there has to.
    @Test func oneThatCannotStartIsTheOneThatLeaves() async throws {
        try await checkSeeds(count: 20) { simulation in
            let nodes = [.source("in", Self.source(20)), Self.fragile(StageSettings()), .sink("out", CollectingSink())]
            let report = try await simulation.run(nodes) { pipeline in
                try await simulation.clock.sleep(for: .milliseconds(1500))
                try pipeline.resize("work", to: 3)
                try pipeline.resize("work", to: 1)
                // The first has left by then if it was sent away.
                try await simulation.clock.sleep(for: .milliseconds(900))
                #expect(try pipeline.workers(of: "work") == 1)
            }
            let isWhole = report.failure == nil && report.books[.delivered] == 20
            #expect(isWhole || report.failure?.code == .start, "no job may wait for ever")
        }
    }

    @Test func aStageWithoutWorkersFails() async throws {
        try await checkSeeds(count: 20) { simulation in
            let source = ScriptedSource([.pause(.seconds(5)), .sendAll([Job(1), Job(2)])])
            let nodes = [.source("in", source), Self.fragile(StageSettings()), .sink("out", CollectingSink())]
            let report = try await simulation.run(nodes) { pipeline in
                try await simulation.clock.sleep(for: .seconds(1))
                try pipeline.resize("work", to: 2)
                // It is the one that waits that is sent away.
                try pipeline.resize("work", to: 1)
            }
            #expect(report.failure?.code == .start)
        }
    }

    /// Whoever asks at the same time, no number is given twice, and the count is right in the end.
    @Test func manyMayResizeAtOnce() async throws {
        let numbers = Mutex<Set<Int>>([])
        let doubled = Atomic<Int>(0)
        let stage = PipelineNode.stage("work", StageSettings(workers: 2)) { worker in
            let isNew = numbers.withLock { $0.insert(worker.worker).inserted }
            if !isNew { doubled.add(1, ordering: .relaxed) }
            return Leaving { numbers.withLock { _ = $0.remove(worker.worker) } }
        }
        let source = ScriptedSource(values: (0..<50).map { Value.integer($0) }, staysOpen: true)
        let sink = CollectingSink()
        _ = try await runPipeline([.source("in", source), stage, .sink("out", sink)]) { pipeline in
            await sink.collected(50)
            try await withThrowingTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask {
                        for _ in 0..<300 {
                            try pipeline.resize("work", to: 7)
                            try pipeline.addWorker(to: "work")
                            try pipeline.resize("work", to: 2)
                        }
                    }
                }
                try await group.waitForAll()
            }
            try pipeline.resize("work", to: 2)
            #expect(try pipeline.workers(of: "work") == 2)
            pipeline.drain()
        }
        #expect(doubled.load(ordering: .relaxed) == 0)
        #expect(numbers.withLock { $0.isEmpty })
    }
}

/// Takes a second for each job.
private struct Sleeping: Handler {
    func handle(_ job: Job, _ context: JobContext) async throws -> Value? {
        try await context.worker.clock.sleep(for: .seconds(1))
        return job.value
    }
}

/// Says when it is closed.
private final class Leaving: Handler {
    private let onClose: @Sendable () -> Void

    init(onClose: @escaping @Sendable () -> Void) { self.onClose = onClose }

    func handle(_ job: Job, _ context: JobContext) async throws -> Value? { job.value }

    func close() async { onClose() }
}
