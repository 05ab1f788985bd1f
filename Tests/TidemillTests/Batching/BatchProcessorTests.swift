import Synchronization
import Testing
import TidemillTesting

@testable import Tidemill

/// What a handler of batches says of its jobs, and what the worker hears of it.
@Suite(.timeLimit(.minutes(10))) struct BatchProcessorTests {
    /// A worker's side of a processor, without a pipeline.
    private final class Bench {
        let ledger = Ledger(source: 0, capacity: 64)
        let watch: WorkerWatch
        let processor: BatchProcessor

        init(_ handle: @escaping @Sendable ([Job], BatchContext) async throws -> [JobResult]) {
            let clock = ManualClock()
            let timers = Timers(clock, executor: nil)
            watch = WorkerWatch(clock, timers, timeout: nil, grace: .seconds(1), latency: StopLatency()) { _ in }
            let worker = WorkerContext(
                stage: "work",
                worker: 1,
                stageLogger: PipelineOptions.quiet.logger,
                clock: clock,
                ports: ["", "other"],
                rendersJSONLines: [false, false],
                sources: ["in"],
                ledgers: [ledger],
                executor: nil,
                stopGrace: .seconds(1),
                watch: watch
            )
            processor = BatchProcessor(BatchHandlerWork(ClosureBatchHandler(body: handle), worker), watch: watch)
        }

        /// The jobs 0, 1, …, with keys of that name, as the channel gives them out from `position` on.
        func batch(_ count: Int, position: UInt64 = 0) -> Batch<Delivery> {
            let batch = Batch<Delivery>()
            for number in 0..<count {
                let job = Job(.integer(Int64(number)), key: Bytes("k\(number)"))
                batch.append(Delivery(job, ticket: Ticket(source: 0, sequence: UInt64(number))))
            }
            batch.position = position
            return batch
        }
    }

    private func results(stopsAtFailure: Bool = false) -> BatchResults {
        let results = BatchResults(ports: 2)
        results.stopsAtFailure = stopsAtFailure
        return results
    }

    private func values(_ batch: Batch<Delivery>) -> [Value] { batch.elements.map(\.job.value) }

    @Test func eachJobHasAnEndOfItsOwn() async throws {
        let bench = Bench { jobs, context in
            try context.emit("dropped", of: 3)
            try context.emit("more", of: 4, to: "other")
            try context.emit(Job("own", key: "x"), of: 5)
            #expect(context.count == 6 && context.jobID(of: 2) == "in-3" && context.attempt(of: 2) == 1)
            #expect(context.remaining == nil && jobs.map(\.key) == (0..<6).map { Bytes("k\($0)") })
            return [
                .value("a"), .filtered, .values(["b", "c"]), .failed(ScriptedError("bad")), .value("d"), .filtered,
            ]
        }
        let (batch, results) = (bench.batch(6), results())
        await bench.processor.process(batch, results)
        #expect(batch.isEmpty)
        #expect(values(results.main) == ["a", "b", "c", "d", "own"])
        #expect(results.main.elements.map(\.job.key) == ["k0", "k2", "k2", "k4", "x"])
        #expect(values(results.outputs[1]) == ["more"])
        #expect(results.settled.elements.map(\.outcome) == [.filtered])
        #expect(results.added.map(\.extra) == [1, 1])
        #expect(results.failures.map(\.failure.message) == ["bad"])
        #expect(results.failures.map(\.delivery.job.value) == [3])
    }

    @Test(arguments: [0, 2, 4]) func aWrongCountFailsAll(count: Int) async {
        let bench = Bench { _, _ in Array(repeating: .value("x"), count: count) }
        let results = results()
        await bench.processor.process(bench.batch(3), results)
        let message = "the handler gave \(count) results for 3 jobs; it must give one for each"
        #expect(results.failures.map(\.failure.message) == Array(repeating: message, count: 3))
        #expect(results.main.isEmpty)
    }

    @Test func anErrorFailsAllAndNothingGoesOn() async {
        let bench = Bench { _, context in
            try context.emit("x", of: 0)
            throw JobFailure(.input, "unreadable", advice: .never)
        }
        let results = results()
        await bench.processor.process(bench.batch(3), results)
        #expect(
            results.failures.map(\.failure)
                == Array(repeating: JobFailure(.input, "unreadable", advice: .never), count: 3)
        )
        #expect(results.main.isEmpty && results.settled.isEmpty && results.added.isEmpty)
    }

    @Test func anUnknownPortIsAnError() async {
        let bench = Bench { _, context in
            try context.emit("x", of: 0, to: "nowhere")
            return [.filtered]
        }
        let results = results()
        await bench.processor.process(bench.batch(1), results)
        #expect(results.failures.first?.failure.message.contains("no node reads the port \"nowhere\"") == true)
    }

    @Test func whereOrderIsKeptAFailureEndsARun() async {
        let bench = Bench { jobs, _ in
            jobs.map {
                $0.value.integer == 2 || $0.value.integer == 3 ? .failed(ScriptedError("no")) : .value($0.value)
            }
        }
        let batch = bench.batch(6, position: 10)
        var runs: [(passed: [Value], failed: [Value])] = []
        while !batch.isEmpty {
            let (results, before) = (results(stopsAtFailure: true), batch.count)
            await bench.processor.process(batch, results)
            batch.position += UInt64(before - batch.count)
            runs.append((values(results.main), results.failures.map(\.delivery.job.value)))
        }
        #expect(runs.map(\.passed) == [[0, 1], [], [4, 5]])
        #expect(runs.map(\.failed) == [[2], [3], []])
    }

    @Test func theHandlerIsCalledOnceForAllRuns() async {
        let calls = Mutex(0)
        let bench = Bench { jobs, _ in
            calls.withLock { $0 += 1 }
            return jobs.map { _ in .failed(ScriptedError("no")) }
        }
        let batch = bench.batch(4)
        while !batch.isEmpty {
            await bench.processor.process(batch, results(stopsAtFailure: true))
            batch.position += 1
        }
        #expect(calls.withLock { $0 } == 1)
        // What comes from elsewhere is not the rest of a batch.
        let first = bench.batch(4, position: 20)
        await bench.processor.process(first, results(stopsAtFailure: true))
        await bench.processor.process(bench.batch(3, position: 40), results(stopsAtFailure: true))
        #expect(calls.withLock { $0 } == 3)
    }

    @Test func aCancelledTaskHandsItsJobsBack() async {
        let outcomes = await Task {
            let bench = Bench { jobs, context in
                withUnsafeCurrentTask { $0?.cancel() }
                try await context.worker.clock.sleep(for: .seconds(1))
                return jobs.map { _ in .filtered }
            }
            let results = results()
            await bench.processor.process(bench.batch(3), results)
            return results.settled.elements.map(\.outcome)
        }.value
        #expect(outcomes == [.cancelled, .cancelled, .cancelled])
    }
}
