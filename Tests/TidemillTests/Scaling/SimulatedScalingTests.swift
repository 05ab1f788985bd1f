import Testing

@testable import Tidemill

/// The autoscaler with a stage in virtual time.
@Suite struct SimulatedScalingTests {
    // MARK: Load that comes and goes

    @Test(arguments: [1, 2, 4])
    func aStepSettlesAndStays(min: Int) {
        var run = ScaledRun(StageModel(waiting: 0.05), ScalingPolicy(min: min, max: 64))
        let full = 20 * Double(min)  // jobs a second that keep the fewest workers busy
        run.run(seconds: 10, arrivals: 0.1 * full)
        #expect(run.workers == min)

        run.run(seconds: 5, arrivals: 3 * full)
        let settled = run.workers
        #expect(3 * min < settled && settled <= 5 * min, "\(settled) for a load of \(3 * min)")
        let (throughput, wait) = run.measure(seconds: 60, arrivals: 3 * full)
        #expect(run.sizes(since: 15).isEmpty, "it oscillates: \(run.sizes(since: 15))")
        #expect(throughput >= 0.99 * 3 * full)
        #expect(wait < 0.05)

        run.run(seconds: 5, arrivals: 0.1 * full)
        #expect(run.workers == min, "it keeps \(run.workers)")
    }

    @Test(arguments: 0..<10 as Range<UInt64>, [1, 2, 4])
    func randomLoadSettles(seed: UInt64, min: Int) {
        let model = StageModel(waiting: 0.05, isRandom: true)
        var run = ScaledRun(model, ScalingPolicy(min: min, max: 64), seed: seed)
        let full = 20 * Double(min)
        run.run(seconds: 10, arrivals: 0.1 * full)
        #expect(run.workers <= min + 1)

        run.run(seconds: 10, arrivals: 3 * full)
        let (_, wait) = run.measure(seconds: 60, arrivals: 3 * full)
        let sizes = run.sizes(since: 20)
        #expect(sizes.count <= 3, "it oscillates: \(sizes)")
        #expect((sizes + [run.workers]).allSatisfy { 3 * min < $0 && $0 <= 6 * min }, "\(sizes), \(run.workers)")
        #expect(wait < 0.05, "jobs wait \(wait) s")

        run.run(seconds: 30, arrivals: 0.1 * full)
        #expect(run.workers <= min + 1, "it keeps \(run.workers)")
    }

    @Test func wavesAreLearned() {
        var run = ScaledRun(StageModel(waiting: 0.05), ScalingPolicy(max: 64))
        for _ in 0..<10 {
            run.run(seconds: 4, arrivals: 2)
            run.run(seconds: 4, arrivals: 60)
        }
        #expect(run.sizes(since: 0).contains(1), "at first it shrinks between them")
        #expect(run.sizes(since: 24).isEmpty, "it grows and shrinks with each: \(run.sizes(since: 24))")
    }

    @Test func aQueueThatIsNeverFullMakesItGrow() {
        var run = ScaledRun(StageModel(waiting: 0.05), ScalingPolicy(max: 64))
        // 25 jobs a second for a worker that does 20: it would take three minutes to fill the queue.
        run.run(seconds: 3, arrivals: 25)
        #expect(run.workers == 2)
        #expect(run.measure(seconds: 60, arrivals: 25).wait < 0.05)
        #expect(run.stage.queued < 10)
        #expect(run.stage.heldBack < 1)
    }

    // MARK: What limits a stage

    @Test(arguments: [8, 64, 256])
    func waitingJobsGetAsManyAsThereMayBe(max: Int) {
        var run = ScaledRun(StageModel(waiting: 0.05, capacity: 64), ScalingPolicy(max: max))
        run.run(seconds: 3, arrivals: nil)
        let found = run.measure(seconds: 5, arrivals: nil).throughput
        let best = ScaledRun.throughput(StageModel(waiting: 0.05, capacity: 64), workers: max)
        #expect(found >= 0.9 * best, "\(found) of \(best) jobs/s")
    }

    @Test(arguments: [1, 2, 8], [0, 0.3])
    func computingJobsGetNoMoreThanTheCoresAndOne(cores: Int, noise: Double) {
        for seed in 0..<(noise > 0 ? 5 : 1) as Range<UInt64> {
            let model = StageModel(computing: 0.01, cores: cores, noise: noise)
            var run = ScaledRun(model, ScalingPolicy(max: 64), seed: seed)
            let most = run.run(seconds: 120, arrivals: nil)
            #expect(most <= cores + 1, "seed \(seed)")
            #expect(run.workers >= cores, "seed \(seed)")
        }
    }

    @Test(arguments: [0, 0.3])
    func rivalsForTheCoresDoNotLookLikeWaiting(noise: Double) {
        let model = StageModel(computing: 0.01, rivals: 2, noise: noise)
        var run = ScaledRun(model, ScalingPolicy(max: 64))
        #expect(run.run(seconds: 120, arrivals: nil) <= 4)
    }

    @Test(arguments: [2, 8], [0, 0.3])
    func mixedJobsGetTwiceTheCores(cores: Int, noise: Double) {
        let model = StageModel(computing: 0.01, waiting: 0.01, cores: cores, noise: noise)
        var run = ScaledRun(model, ScalingPolicy(max: 64))
        let most = run.run(seconds: 60, arrivals: nil)
        #expect(most <= 2 * cores + 1)
        #expect(run.workers >= 3 * cores / 2)
    }

    @Test(arguments: [20.0, 70])
    func aSlowNodeBehindItDoesNotMakeItGrow(rate: Double) {
        let model = StageModel(waiting: 0.05, downstream: rate, downstreamCapacity: 4)
        var run = ScaledRun(model, ScalingPolicy(max: 64))
        run.run(seconds: 5, arrivals: nil)
        let needed = Int(rate / 20)
        let most = run.run(seconds: 60, arrivals: nil)
        #expect(needed <= run.workers && most <= 2 * needed + 2, "\(most) where \(needed) suffice")
        #expect(run.measure(seconds: 10, arrivals: nil).throughput >= 0.95 * rate)
        guard case .downstream = run.last?.reason else {
            Issue.record("\(String(describing: run.last))")
            return
        }
    }

    @Test func aRateLimitDoesNotMakeItGrow() {
        var run = ScaledRun(StageModel(waiting: 0.05, rateLimit: 19), ScalingPolicy(max: 64))
        #expect(run.run(seconds: 60, arrivals: nil) == 1)
        #expect(run.last?.reason == .limited)
        #expect(run.stage.queued == 1_024)
    }

    @Test func longJobsMakeItGrowBeforeOneIsDone() {
        var run = ScaledRun(StageModel(waiting: 60), ScalingPolicy(max: 16))
        run.run(seconds: 5, arrivals: nil)
        #expect(run.stage.done == 0)
        #expect(run.workers == 16)
    }
}
