import Testing

@testable import Tidemill

/// Single decisions, and how they read.
@Suite struct AutoscalerTests {
    private let policy = ScalingPolicy(max: 8)

    /// A quarter of a second in which all workers were busy with jobs of 10 ms.
    private func busy(_ workers: Int, queued: Int, capacity: Int = 1_024) -> StageLoad {
        StageLoad(
            elapsed: .milliseconds(250),
            workers: workers,
            done: 25 * workers,
            busy: .milliseconds(250) * workers,
            queued: queued,
            capacity: capacity
        )
    }

    private func idle(_ workers: Int) -> StageLoad {
        StageLoad(elapsed: .milliseconds(250), workers: workers, capacity: 1_024)
    }

    /// The decision after a number of equal looks.
    private func decide(
        _ load: StageLoad,
        looks: Int = 2,
        cores: Int = 2,
        policy: ScalingPolicy? = nil
    ) -> ScalingDecision {
        var scaler = Autoscaler(policy ?? self.policy, cores: cores)
        for _ in 1..<looks { _ = scaler.decide(load) }
        return scaler.decide(load)
    }

    @Test func waitingJobsMakeItGrow() {
        let decision = decide(busy(1, queued: 32))
        #expect(decision.isChange)
        #expect(
            decision.description
                == "1 -> 2 workers: jobs wait 320 ms in the queue (target 50 ms) and the workers are 100 % busy"
        )
    }

    @Test func oneLookIsNotEnough() {
        #expect(!decide(busy(1, queued: 32), looks: 1).isChange)
    }

    @Test func aShortWaitDoesNot() {
        let decision = decide(busy(1, queued: 4), looks: 9)
        #expect(decision.description == "1 worker: jobs wait 40 ms in the queue (target 50 ms)")
    }

    @Test func idleWorkersDoNot() {
        var load = busy(4, queued: 1_000)
        load.busy = .milliseconds(790)
        #expect(decide(load, looks: 3, policy: ScalingPolicy(min: 4, max: 8)).workers == 4)
        load.busy = .milliseconds(810)
        #expect(decide(load, looks: 3, policy: ScalingPolicy(min: 4, max: 8)).workers == 8)
    }

    @Test func itGrowsByNoMoreThanTwiceWhatIsThere() {
        var scaler = Autoscaler(ScalingPolicy(max: 100), cores: 2)
        var sizes: [Int] = []
        for _ in 0..<5 { sizes.append(scaler.decide(busy(scaler.workers, queued: 1_024)).workers) }
        #expect(sizes == [1, 2, 4, 8, 16])
        // Those that are to be there are not all ready.
        #expect(scaler.decide(busy(8, queued: 1_024)).workers == 16)
    }

    @Test func aFullQueueMakesItGrowThoughItIsShort() {
        let decision = decide(busy(1, queued: 2, capacity: 2))
        #expect(decision.workers == 2)
        #expect(decision.reason.description == "the queue is full and the workers are 100 % busy")
        var load = busy(1, queued: 2, capacity: 2)
        load.busy = .milliseconds(125)
        #expect(!decide(load).isChange, "a full queue alone is no sign")
    }

    @Test func longJobsCountBeforeOneIsDone() {
        var load = busy(1, queued: 3)
        load.done = 0
        let decision = decide(load)
        #expect(decision.workers == 2)
        #expect(decision.reason.description == "jobs wait, none was done lately, and the workers are 100 % busy")
    }

    @Test func anHourWithoutAResultIsNoTime() {
        var scaler = Autoscaler(policy, cores: 2)
        _ = scaler.decide(busy(1, queued: 8))
        var decision = scaler.decide(busy(1, queued: 8))
        for _ in 0..<14_400 {
            decision = scaler.decide(
                StageLoad(elapsed: .milliseconds(250), workers: scaler.workers, queued: 8, capacity: 1_024)
            )
        }
        #expect(
            decision.reason
                == .waiting(nil, target: .milliseconds(50), utilization: 0)
        )
    }

    @Test func thereIsAMost() {
        let decision = decide(busy(2, queued: 99), policy: ScalingPolicy(min: 1, max: 2), workers: 2)
        #expect(decision.description == "2 workers: 2 workers are as many as there may be")
    }

    @Test func processorsAreALimit() {
        var load = busy(3, queued: 99)
        load.cpu = .milliseconds(735)
        let decision = decide(load, cores: 2, workers: 3)
        #expect(
            decision.description
                == "3 workers: the CPU is the limit: handlers compute 98 % of their time on 2 cores"
        )
        load.cpu = nil
        #expect(decide(load, cores: 2, workers: 3).workers > 3, "nobody knows")
    }

    @Test func whatComputedOnceMayWaitLater() {
        var scaler = Autoscaler(policy, cores: 2)
        for share in [1.0, 0.01] {
            for _ in 0..<40 {
                var load = busy(scaler.workers, queued: 1_024)
                load.cpu = .milliseconds(250) * (share * Double(scaler.workers))
                _ = scaler.decide(load)
            }
            #expect(scaler.workers == (share == 1 ? 3 : 8))
        }
    }

    /// Three busy workers get half a core: they wait for a core if the process uses all, else for something else.
    @Test(arguments: [(2.0, 3), (0.5, 8)])
    func coresThatOthersUseAreNoWaiting(coresInUse: Double, workers: Int) {
        var scaler = Autoscaler(policy, cores: 2)
        var load = busy(1, queued: 1_024)
        load.cpu = .milliseconds(250)
        _ = scaler.decide(load)
        for _ in 0..<100 {
            load = busy(scaler.workers, queued: 1_024)
            load.cpu = .milliseconds(125)
            load.processCPU = .milliseconds(250) * coresInUse
            _ = scaler.decide(load)
        }
        #expect(scaler.workers == workers)
    }

    @Test func theNextNodeIsALimit() {
        var load = busy(2, queued: 1_024)
        load.busy = .milliseconds(100)
        load.blocked = .milliseconds(400)
        #expect(
            decide(load, workers: 2).description
                == "2 workers: the workers wait for room in the next node 80 % of their time"
        )
    }

    @Test func aRateLimitIsALimit() {
        var load = busy(1, queued: 1_024)
        load.limited = true
        #expect(decide(load).description == "1 worker: held back by a rate limit or an open circuit breaker")
    }

    @Test func itShrinksWithPatience() {
        var scaler = Autoscaler(policy, cores: 2)
        while scaler.workers < 8 { _ = scaler.decide(busy(scaler.workers, queued: 1_024)) }
        var load = busy(8, queued: 0)
        load.done = 48
        load.busy = .milliseconds(480)
        for _ in 0..<12 { #expect(!scaler.decide(load).isChange) }
        #expect(scaler.decide(load).description == "8 -> 3 workers: 3 workers have sufficed for 3 s")
        for _ in 0..<12 { #expect(!scaler.decide(idle(3)).isChange) }
        #expect(scaler.decide(idle(3)).description == "3 -> 1 workers: there is nothing to do")
        #expect(scaler.decide(idle(1)).description == "1 worker: there is nothing to do")
    }

    @Test func withoutAQueueItShrinksToo() {
        var scaler = Autoscaler(policy, cores: 2)
        while scaler.workers < 8 { _ = scaler.decide(busy(scaler.workers, queued: 0, capacity: 0)) }
        for _ in 0..<13 { _ = scaler.decide(StageLoad(elapsed: .milliseconds(250), workers: 8, capacity: 0)) }
        #expect(scaler.workers == 1)
    }

    /// One worker would be busy for 70 % of the time, and jobs at random times would wait for 117 ms, or for 12 ms.
    @Test(arguments: [(14, 2), (140, 1)])
    func itDoesNotShrinkToWhereJobsWait(done: Int, workers: Int) {
        var scaler = Autoscaler(policy, cores: 2)
        while scaler.workers < 2 { _ = scaler.decide(busy(1, queued: 1_024)) }
        for _ in 0..<20 {
            var load = StageLoad(elapsed: .seconds(1), workers: scaler.workers, done: done, capacity: 1_024)
            load.busy = .milliseconds(700)
            _ = scaler.decide(load)
        }
        #expect(scaler.workers == workers)
    }

    @Test func onePeakKeepsTheWorkers() {
        var scaler = Autoscaler(policy, cores: 2)
        while scaler.workers < 8 { _ = scaler.decide(busy(scaler.workers, queued: 1_024)) }
        for look in 0..<40 { #expect(!scaler.decide(look % 10 == 0 ? busy(8, queued: 0) : idle(8)).isChange) }
    }

    @Test func itGoesOnFromWhatSomebodyElseSet() {
        var scaler = Autoscaler(policy, cores: 2)
        for _ in 0..<20 { _ = scaler.decide(idle(1)) }
        scaler.goOn(from: 5)
        for _ in 0..<11 { #expect(scaler.decide(idle(5)).workers == 5) }
        for _ in 0..<2 { _ = scaler.decide(idle(5)) }
        #expect(scaler.workers == 1)
    }

    @Test func whatCannotBeStartedIsNotAskedFor() {
        var load = busy(1, queued: 1_024)
        load.canGrow = false
        let decision = decide(load, looks: 9)
        let reason = "more workers would be of use, but another one could not be started"
        #expect(decision.workers == 1 && decision.reason.description == reason)
    }

    @Test func whereAllSizesAreOneNothingChanges() {
        let fixed = ScalingPolicy(min: 4, max: 4)
        #expect(decide(busy(4, queued: 1_024), looks: 9, policy: fixed).workers == 4)
        #expect(decide(idle(4), looks: 99, policy: fixed).description == "4 workers: the number of workers is fixed")
    }

    @Test func aLookAfterNoTimeSaysNothing() {
        var load = busy(1, queued: 1_024)
        load.elapsed = .zero
        #expect(decide(load, looks: 3).workers == 1)
    }

    /// The decision for a stage that has grown to so many workers before.
    private func decide(
        _ load: StageLoad,
        cores: Int = 2,
        policy: ScalingPolicy? = nil,
        workers: Int
    ) -> ScalingDecision {
        var policy = policy ?? self.policy
        policy.min = min(workers, policy.max - 1)
        var scaler = Autoscaler(policy, cores: cores)
        while scaler.workers < workers { _ = scaler.decide(busy(scaler.workers, queued: 1_024)) }
        _ = scaler.decide(load)
        return scaler.decide(load)
    }
}
