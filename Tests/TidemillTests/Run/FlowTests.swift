import Testing
import Tidemill
import TidemillTesting

/// Order, back-pressure and size.
@Suite(.timeLimit(.minutes(10))) struct FlowTests {
    @Test(arguments: [1, 2, 8], [false, true]) func orderIsKept(workers: Int, ownThreads: Bool) async throws {
        let sink = CollectingSink()
        let settings = StageSettings(workers: workers, order: .input, ownThreads: ownThreads)
        let report = try await runPipeline([
            .source("in", ScriptedSource(values: (0..<3000).map { .integer($0) }, batch: 31)),
            .stage("shuffle", settings) { job, context in
                var random = SeededRandom(seed: job.value.integer ?? 0)
                for _ in 0..<Int.random(in: 0..<20, using: &random) { await Task.yield() }
                if (job.value.integer ?? 0) % 10 == 3 { return nil }
                return job.value
            },
            .sink("out", sink),
        ])
        #expect(report.failure == nil)
        #expect(sink.integers == (0..<3000).filter { $0 % 10 != 3 })
    }

    /// The sink holds one job in hand; the channel in front of it is full; the source holds what doesn't fit.
    @Test(arguments: [0, 1, 5, 100]) func aFullPipelineHoldsBackItsSource(capacity: Int) async throws {
        let gate = Gate()
        let source = ScriptedSource((0..<300).map { .send(Job(.integer($0))) })
        var sink = PipelineNode.sink("out", CollectingSink(gate: gate))
        sink.channel.capacity = capacity
        let report = try await runPipeline([.source("in", source), sink]) { pipeline in
            await gate.waiting(1)
            // In the sink's hand, in the channel, and the one that the source waits with.
            while pipeline.snapshot().books.taken < 1 + capacity + 1 { await Task.yield() }
            for _ in 0..<200 { await Task.yield() }
            let snapshot = pipeline.snapshot()
            #expect(snapshot.books.taken == 1 + capacity + 1)
            #expect(snapshot.nodes[1].queued == capacity && source.sentCount == 1 + capacity)
            gate.open()
        }
        #expect(report.books[.delivered] == 300)
    }

    @Test(arguments: [Overflow.dropNewest, .dropOldest, .reject], [1, 4])
    func overflowDropsExactlyWhatDoesNotFit(overflow: Overflow, capacity: Int) async throws {
        let gate = Gate()
        let (first, second) = (Gate(), Gate())
        let source = ScriptedSource(
            [.send(Job(0)), .wait(first)] + (1...50).map { .send(Job(.integer($0))) } + [.wait(second)]
        )
        let collecting = CollectingSink(gate: gate)
        var sink = PipelineNode.sink("out", collecting)
        sink.channel = ChannelLimits(capacity: capacity, overflow: overflow)
        let report = try await runPipeline([.source("in", source), sink]) { _ in
            await gate.waiting(1)
            first.open()
            await second.waiting(1)
            gate.open()
            second.open()
        }
        let lost = 50 - capacity
        #expect(report.books[overflow == .reject ? .rejected : .dropped] == lost)
        #expect(report.books[.delivered] == capacity + 1)
        let kept = overflow == .dropOldest ? Array((51 - capacity)...50) : Array(1...capacity)
        #expect(collecting.integers == ([0] + kept).map { Int64($0) })
    }

    @Test func bytesBoundAChannelToo() async throws {
        let gate = Gate()
        let value = Value.string(Bytes([UInt8](repeating: 65, count: 76)))
        let source = ScriptedSource((0..<100).map { _ in .send(Job(value)) })
        var sink = PipelineNode.sink("out", CollectingSink(gate: gate))
        sink.channel = ChannelLimits(capacity: 50, bytes: 1000)
        _ = try await runPipeline([.source("in", source), sink]) { pipeline in
            await gate.waiting(1)
            // A footprint of 100 bytes: ten of them fit.
            while pipeline.snapshot().books.taken < 12 { await Task.yield() }
            for _ in 0..<200 { await Task.yield() }
            #expect(pipeline.snapshot().books.taken == 12 && pipeline.snapshot().nodes[1].queued == 10)
            gate.open()
        }
    }

    @Test(arguments: [JobOrder.none, .input]) func hundredsOfWorkers(order: JobOrder) async throws {
        let sink = CollectingSink()
        let settings = StageSettings(workers: 256, order: order)
        let report = try await runPipeline([
            .source("in", ScriptedSource(values: (0..<5000).map { .integer($0) }, batch: 100)),
            .stage("a", settings) { job, _ in
                await Task.yield()
                return job.value
            },
            .stage("b", settings) { $0 },
            .sink("out", sink),
        ])
        #expect(report.books[.delivered] == 5000)
        #expect((order == .input ? sink.integers : sink.integers.sorted()) == Array(0..<5000))
    }

    @Test func aThousandWorkersMayWaitAtOnce() async throws {
        let gate = Gate()
        let report = try await runPipeline([
            .source("in", ScriptedSource(values: (0..<1000).map { .integer($0) })),
            .stage("wait", StageSettings(workers: 1000, ownThreads: true)) { job, _ in
                try await gate.pass()
                return job.value
            },
            .sink("out", CollectingSink()),
        ]) { _ in
            await gate.waiting(1000)
            gate.open()
        }
        #expect(report.books[.delivered] == 1000)
    }

    @Test func twoPipelinesDoNotTouch() async throws {
        let sinks = [CollectingSink(), CollectingSink()]
        try await withThrowingTaskGroup { group in
            for (number, sink) in sinks.enumerated() {
                group.addTask {
                    let values = (0..<1000).map { Value.integer(Int64($0 * 2 + number)) }
                    return try await runPipeline([
                        .source("in", ScriptedSource(values: values)),
                        .stage("same", StageSettings(workers: 2, ownThreads: true)) { (value: Value) in value },
                        .sink("out", sink),
                    ])
                }
            }
            for try await report in group { #expect(report.books[.delivered] == 1000) }
        }
        for (number, sink) in sinks.enumerated() {
            #expect(sink.integers.sorted() == (0..<1000).map { $0 * 2 + Int64(number) })
        }
    }

    @Test func sourcesAndSinksMayBlockTheirThreads() async throws {
        struct Blocking: Source {
            let blocksItsThread = true
            func run(_ output: SourceOutput) async throws {
                for number in 0..<500 as Range<Int64> { try await output.send(.integer(number)) }
            }
        }
        let report = try await runPipeline([.source("in", Blocking()), .sink("out", CollectingSink())])
        #expect(report.books[.delivered] == 500)
    }

    @Test func anAsyncSequenceIsASource() async throws {
        let (values, continuation) = AsyncStream.makeStream(of: Value.self)
        for number in 0..<10 as Range<Int64> { continuation.yield(.integer(number)) }
        continuation.finish()
        let sink = CollectingSink()
        _ = try await runPipeline([.source("in", from: values), .sink("out", sink)])
        #expect(sink.integers == Array(0..<10))
    }
}
