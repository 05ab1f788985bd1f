import ServiceLifecycle
import ServiceLifecycleTestKit
import Testing
import Tidemill
import TidemillTesting

/// A drain has until the shutdown timeout, and leaves nothing behind.
@Suite(.timeLimit(.minutes(5))) struct DrainTests {
    private static let values: [Value] = (0..<400).map { .integer($0) }

    @Test func aDrainThatTakesTooLongIsCancelled() async throws {
        let (gate, clock) = (Gate(), ManualClock())
        var options = PipelineOptions.quiet
        options.clock = clock
        options.shutdownTimeout = .seconds(10)
        let source = ScriptedSource(values: Self.values, batch: 10, staysOpen: true)
        let report = try await runPipeline(
            [.source("in", source), .sink("out", CollectingSink(gate: gate))],
            options: options
        ) { pipeline in
            await gate.waiting(1)
            pipeline.drain()
            await clock.sleepers(1)
            clock.advance(by: .seconds(9))
            #expect(gate.count == 1 && clock.sleeping == 1)
            clock.advance(by: .seconds(1))
        }
        #expect(report.failure == nil && report.books[.cancelled] == report.books.taken)
    }

    @Test func aDrainThatEndsInTimeLeavesNobodyWaiting() async throws {
        let clock = ManualClock()
        var options = PipelineOptions.quiet
        options.clock = clock
        let source = ScriptedSource(values: Self.values, staysOpen: true)
        let sink = CollectingSink()
        let report = try await runPipeline([.source("in", source), .sink("out", sink)], options: options) {
            await sink.collected(400)
            $0.drain()
        }
        #expect(report.books[.delivered] == 400)
        while clock.sleeping > 0 { await Task.yield() }
    }

    @Test func gracefulShutdownDrains() async throws {
        let source = ScriptedSource(values: Self.values, staysOpen: true)
        let sink = CollectingSink()
        let pipeline = try Pipeline(
            name: "service",
            nodes: [.source("in", source), .sink("out", sink)],
            options: .quiet
        )
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup { group in
                group.addTask { try await pipeline.run() }
                await sink.collected(100)
                trigger.triggerGracefulShutdown()
                try await group.waitForAll()
            }
        }
        let report = try report(on: pipeline, .success(()))
        #expect(report.books[.delivered] == source.sentCount && report.snapshot.isDraining)
    }
}
