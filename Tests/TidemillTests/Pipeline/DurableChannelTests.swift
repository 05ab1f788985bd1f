import Synchronization
import Testing
import Tidemill
import TidemillTesting

/// A pipeline that is parted by a channel which keeps its jobs elsewhere.
@Suite(.timeLimit(.minutes(5))) struct DurableChannelTests {
    @Test func whatIsKeptCountsAsDeliveredAndComesAsNewMessages() async throws {
        let (source, sink, kept) = (ScriptedSource(values: (0..<100).map { .integer($0) }), CollectingSink(), Kept())
        let report = try await runPipeline(nodes(source, kept, sink))
        #expect(sink.integers == (0..<100).map { $0 + 1 })
        #expect(source.messageOutcomes.allSatisfy { $0 == .delivered })
        #expect(report.books.taken == 200 && report.books[.delivered] == 200 && kept.isEmpty)
        #expect(report.snapshot.nodes.map(\.name) == ["in", "dequeue:work", "enqueue:work", "work", "out"])
    }

    @Test func aDrainLeavesTheRestWhereItIs() async throws {
        let (source, sink, kept, gate) = (
            ScriptedSource(values: (0..<100).map { .integer($0) }), CollectingSink(), Kept(), Gate()
        )
        let report = try await runPipeline(nodes(source, kept, sink, gate)) { pipeline in
            await gate.waiting(1)
            // The source's jobs are all kept by then, and none but the first few were taken out.
            while source.acknowledgements.count < 100 { await Task.yield() }
            pipeline.drain()
            gate.open()
        }
        #expect(report.failure == nil && !kept.isEmpty && sink.jobs.count + kept.count == 100)
    }

    @Test func aJobThatFailsBehindItGoesBackIntoIt() async throws {
        let (source, sink, kept) = (ScriptedSource(values: [1, 2]), CollectingSink(), Kept())
        let failed = Atomic<Bool>(false)
        var stage = PipelineNode.stage("work") { job, _ in
            if job.value == 2, !failed.exchange(true, ordering: .relaxed) { throw ScriptedError("once") }
            return job.value
        }
        stage.durableChannel = kept
        stage.onError = .reject
        let report = try await runPipeline([.source("in", source), stage, .sink("out", sink)])
        #expect(sink.integers.sorted() == [1, 2] && report.books[.rejected] == 1)
        #expect(source.messageOutcomes == [.delivered, .delivered])
    }

    @Test func otherNodesReadWhatTheyWouldHave() async throws {
        let (source, kept, first, second) = (
            ScriptedSource(values: [1, 2]), Kept(), CollectingSink(), CollectingSink()
        )
        var stage = PipelineNode.stage("work") { (value: Value) in value }
        stage.durableChannel = kept
        let other = PipelineNode.sink("other", inputs: ["in"], second)
        _ = try await runPipeline([.source("in", source), stage, .sink("out", first), other])
        #expect(first.integers == [1, 2] && second.integers == [1, 2])
    }

    private func nodes(
        _ source: ScriptedSource,
        _ kept: Kept,
        _ sink: CollectingSink,
        _ gate: Gate = Gate(isOpen: true)
    ) -> [PipelineNode] {
        var stage = PipelineNode.stage("work") { job, _ in
            try await gate.pass()
            return .integer((job.value.integer ?? 0) + 1)
        }
        stage.durableChannel = kept
        stage.channel = ChannelLimits(capacity: 4)
        return [.source("in", source), stage, .sink("out", sink)]
    }
}

/// Keeps jobs in memory, for longer than a pipeline at least.
private final class Kept: DurableChannel {
    private struct State {
        var jobs: [Job] = []
        var out = 0
        var isClosed = false
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.jobs.count } }
    var isEmpty: Bool { count == 0 }

    func makeSink() -> any Sink { Entrance(kept: self) }
    func makeSource() -> any Source { Exit(kept: self) }

    private func change(_ body: (inout State) -> Void) {
        let waiting = state.withLock { state in
            body(&state)
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }

    private struct Entrance: Sink {
        let kept: Kept

        func write(_ batch: borrowing SinkBatch) async throws {
            let jobs = (0..<batch.count).map { batch[$0] }
            kept.change { $0.jobs += jobs }
        }

        func close() async throws { kept.change { $0.isClosed = true } }
    }

    private struct Exit: Source {
        let kept: Kept

        var takesJobsBack: Bool { true }

        func run(_ output: SourceOutput) async throws {
            while !Task.isCancelled {
                let (job, isEnd) = kept.state.withLock { state -> (Job?, Bool) in
                    guard !state.jobs.isEmpty else { return (nil, state.isClosed && state.out == 0) }
                    state.out += 1
                    return (state.jobs.removeFirst(), false)
                }
                if isEnd { return }
                if let job { try await give(job, output) } else { await wait() }
            }
        }

        private func give(_ job: Job, _ output: SourceOutput) async throws {
            try await output.send(job) { outcome in
                kept.change { state in
                    state.out -= 1
                    if !outcome.isSettled { state.jobs.append(job) }
                }
            }
        }

        private func wait() async {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let mustWait = kept.state.withLock { state in
                        let mustWait = state.jobs.isEmpty && !(state.isClosed && state.out == 0) && !Task.isCancelled
                        if mustWait { state.waiting = continuation }
                        return mustWait
                    }
                    if !mustWait { continuation.resume() }
                }
            } onCancel: {
                kept.change { _ in }
            }
        }
    }
}
