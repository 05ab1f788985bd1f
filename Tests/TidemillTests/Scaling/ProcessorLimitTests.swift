import Testing
import TidemillTesting

@testable import Tidemill

/// In real time, on real threads: only there is processor time.
@Suite(.timeLimit(.minutes(10))) struct ProcessorLimitTests {
    @Test func computingHandlersGetNoMoreWorkersThanCores() async throws {
        let policy = ScalingPolicy(max: 64, interval: .milliseconds(100))
        let box = Box()
        let source = PipelineNode.source("in") { output in
            let end = output.clock.now + .milliseconds(1_300)
            // On a busy machine it may take until then that the stage has grown at all.
            let latest = end + .seconds(300)
            func hasGrown() -> Bool { box.pipeline?.scalings.contains { $0.workers > 1 } == true }
            while output.clock.now < end || (!hasGrown() && output.clock.now < latest) {
                for _ in 0..<16 { try await output.send(.integer(1)) }
            }
        }
        let stage = PipelineNode.stage("work", ScaledPipeline.settings(policy)) { _ in .integer(Int64(compute())) }
        var nodes = [source, stage, ScaledPipeline.sink]
        nodes[1].channel.capacity = 64
        let report = try await runPipeline(nodes) { box.set($0) }
        let work = try #require(report.node("work"))
        let most = work.scaling.map(\.workers).max() ?? 1
        #expect(most <= onlineProcessors() + 1, "\(work.scaling)")
        #expect(most > 1, "a queue that is always full gets a second worker")
        // Others use the processors, too, so it may be much less than the time at work, but hardly more.
        let cpu = try #require(work.cpuTime)
        #expect(cpu > .zero && cpu <= work.busyTime * 1.2, "\(cpu) in \(work.busyTime)")
    }

    @Test func threadsKeepTheirTimeWhenTheyEnd() {
        let clocks = ThreadClocks()
        #expect(clocks.total == nil)
        let pool = ThreadPool(name: "clocks", count: 2, clocks: clocks)
        pool.stop()
        let total = clocks.total
        #expect(total != nil && clocks.total == total)
    }
}

/// About two milliseconds of work.
@inline(never)
private func compute() -> UInt64 {
    var number: UInt64 = 1
    for _ in 0..<100_000 { number = (number ^ (number >> 31)) &* 0xbf58_476d_1ce4_e5b9 }
    return number & 0xff
}
