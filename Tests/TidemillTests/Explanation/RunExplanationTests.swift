import Testing

@testable import Tidemill

/// What is said of runs of ten seconds on two cores.
@Suite struct RunExplanationTests {
    private func explain(
        _ nodes: [NodeLoad],
        elapsed: Duration = .seconds(10),
        cores: Int = 2
    ) -> RunExplanation {
        RunExplanation(nodes, elapsed: elapsed, cores: cores)
    }

    private func source(blocked: Double = 9, jobs: Int = 10_000, to output: String = "parse") -> NodeLoad {
        NodeLoad(.source, "log", outputs: [output], received: jobs, blocked: .seconds(blocked))
    }

    private func sink(busy: Double, queued: Double = 0) -> NodeLoad {
        NodeLoad(.sink, "store", received: 10_000, busy: .seconds(busy), queued: queued, capacity: 1_024)
    }

    private func stage(
        workers: Int = 2,
        max: Int? = nil,
        busy: Double,
        queued: Double = 12,
        cpu: Double? = nil,
        jobs: Int = 10_000
    ) -> NodeLoad {
        NodeLoad(
            .stage,
            "parse",
            outputs: ["store"],
            workers: workers,
            maxWorkers: max,
            received: jobs,
            busy: .seconds(busy),
            queued: queued,
            capacity: 1_024,
            cpu: cpu.map { .seconds($0) }
        )
    }

    // MARK: Busy workers

    @Test func workersThatComputeOnAllCores() {
        let run = explain([source(), stage(busy: 19.6, cpu: 17.6), sink(busy: 1)])
        #expect(run.limit == .workers("parse"))
        #expect(
            run.text
                == "`parse` limits the pipeline: its 2 workers are 98 % busy and jobs wait 12 ms for one. It computes "
                + "90 % of that time and there are 2 cores: more workers won't help; make it cheaper, or use more "
                + "cores."
        )
    }

    @Test func workersThatComputeOnSomeCores() {
        let run = explain([source(), stage(busy: 19.6, cpu: 19.2), sink(busy: 1)], cores: 8)
        #expect(
            run.text
                == "`parse` limits the pipeline: its 2 workers are 98 % busy and jobs wait 12 ms for one. It computes "
                + "98 % of that time and there are 8 cores: 8 workers would do up to 4 × as much until the CPU is "
                + "busy, `\"workers\": 8`."
        )
    }

    @Test func workersThatWait() {
        let run = explain([source(), stage(workers: 4, busy: 39.2, cpu: 1.96), sink(busy: 3.3)])
        #expect(
            run.text
                == "`parse` limits the pipeline: its 4 workers are 98 % busy and jobs wait 12 ms for one. Its handlers "
                + "wait 95 % of their time: 12 workers would do up to 3 × as much until `store` is full, "
                + "`\"workers\": 12`."
        )
    }

    @Test func oneWorkerOfWhichLittleIsKnown() {
        let run = explain([source(), stage(workers: 1, busy: 9.8), sink(busy: 0)])
        #expect(
            run.text
                == "`parse` limits the pipeline: its worker is 98 % busy and jobs wait 12 ms for it. If its handlers "
                + "wait rather than compute, 10 workers would do up to 10 × as much, `\"workers\": 10`."
        )
    }

    @Test func aNodeFurtherBehindBoundsTheGain() {
        var format = NodeLoad(.stage, "format", outputs: ["store"], received: 10_000, busy: .seconds(1))
        format.capacity = 1_024
        var parse = stage(busy: 19.6, cpu: 1)
        parse.outputs = ["format"]
        let run = explain([source(), parse, format, sink(busy: 5)])
        #expect(
            run.text?.hasSuffix("4 workers would do up to 2 × as much until `store` is full, `\"workers\": 4`.") == true
        )
    }

    @Test func aNodeBehindItThatIsBusyToo() {
        let run = explain([source(), stage(busy: 19.6, cpu: 1), sink(busy: 9.1)])
        #expect(
            run.text
                == "`parse` limits the pipeline: its 2 workers are 98 % busy and jobs wait 12 ms for one. More workers "
                + "won't help: `store` is 91 % busy as well."
        )
    }

    @Test func aPoolThatMayGrow() {
        let run = explain([source(), stage(max: 8, busy: 19.6, cpu: 1), sink(busy: 1)])
        #expect(run.text?.hasSuffix("for one. It may still grow to 8 workers.") == true)
        let most = explain([source(), stage(max: 2, busy: 19.6, cpu: 1), sink(busy: 2.5)])
        #expect(
            most.text?.hasSuffix(
                "8 workers would do up to 4 × as much until `store` is full, `\"max\": 8` for its workers."
            ) == true
        )
    }

    @Test func coresThatOthersUse() {
        var index = stage(workers: 2, busy: 12, queued: 0, cpu: 12)
        index.name = "index"
        let run = explain([source(), stage(workers: 1, busy: 9.8, cpu: 6), index, sink(busy: 1)])
        #expect(
            run.text
                == "`parse` limits the pipeline: its worker is 98 % busy and jobs wait 12 ms for it. All 2 cores are "
                + "in use: more workers won't help; make `index` cheaper, which takes 67 % of the CPU time."
        )
    }

    @Test func aSlowSink() {
        var parse = stage(busy: 4)
        parse.blocked = .seconds(15)
        let run = explain([source(), parse, sink(busy: 9.7, queued: 1_000)])
        #expect(run.limit == .workers("store"))
        #expect(
            run.text
                == "`store` limits the pipeline: it is 97 % busy and jobs wait 1 s for it. Nothing before it can make "
                + "it faster; a faster target would, or several sinks side by side."
        )
    }

    @Test func withoutAQueueTheNodeBeforeItSaysThatJobsWait() {
        let run = explain([source(blocked: 9), stage(busy: 19.6, queued: 0), sink(busy: 1)])
        #expect(run.limit == .workers("parse"))
        #expect(
            run.text?.hasPrefix("`parse` limits the pipeline: its 2 workers are 98 % busy and jobs wait for one.")
                == true
        )
    }

    @Test func theBusiestOfThoseThatJobsWaitForCounts() {
        var first = stage(busy: 16)
        first.name = "first"
        first.outputs = ["parse"]
        let run = explain([source(to: "first"), first, stage(busy: 19), sink(busy: 1)])
        #expect(run.limit == .workers("parse"))
    }

    // MARK: Other limits

    @Test func jobsThatAreHeldBack() {
        let run = explain([source(), stage(busy: 4, queued: 1_000), sink(busy: 1)])
        #expect(run.limit == .heldBack("parse"))
        #expect(
            run.text
                == "`parse` limits the pipeline: jobs wait 1 s though its 2 workers are only 20 % busy. A rate limit, a "
                + "circuit breaker or the order of its results holds them back."
        )
    }

    @Test func aSlowSource() {
        let run = explain([source(blocked: 0), stage(busy: 4, queued: 0.1), sink(busy: 1)])
        #expect(run.limit == .sources(["log"]))
        #expect(run.text == "Nothing here is busy: the source `log` is the limit.")
    }

    @Test func aSourceThatIsJustSlower() {
        let run = explain([source(blocked: 0), stage(busy: 17, queued: 0.4), sink(busy: 1)])
        #expect(run.text == "No jobs wait anywhere: the source `log` is the limit.")
    }

    @Test func severalSources() {
        var other = source(blocked: 0)
        other.name = "feed"
        let run = explain([source(blocked: 0), other, stage(busy: 4, queued: 0), sink(busy: 1)])
        #expect(run.text == "Nothing here is busy: the sources `log`, `feed` are the limit.")
    }

    // MARK: Nothing to say

    @Test func aShortRunSaysNothing() {
        let run = explain([source(), stage(busy: 1.9), sink(busy: 0.1)], elapsed: .milliseconds(999))
        #expect(run.limit == nil)
        #expect(run.text == nil)
        #expect(run.figures.count == 3)
    }

    @Test func fewJobsSayNothing() {
        #expect(explain([source(jobs: 9), stage(busy: 19, jobs: 9)]).text == nil)
        #expect(explain([source(blocked: 0, jobs: 9)]).text == nil)
        #expect(explain([source(jobs: 10), stage(busy: 19, jobs: 10)]).text != nil)
    }

    @Test func aNodeThatWaitsForRoomIsNotTheLimit() {
        var parse = stage(busy: 15.5, queued: 1_000)
        parse.blocked = .seconds(4.5)
        #expect(explain([source(), parse, sink(busy: 5)]).limit == nil)
        parse.busy = .seconds(2)
        #expect(explain([source(), parse, sink(busy: 5)]).limit == nil)
    }

    @Test func aSourceThatWaitsForRoomIsNotTheLimit() {
        var fork = source(blocked: 5)
        fork.outputs = ["parse", "store"]
        #expect(explain([fork, stage(busy: 4, queued: 0), sink(busy: 1)]).limit == nil)
    }

    @Test func whatIsUnclearSaysNothing() {
        let run = explain([source(blocked: 5), stage(busy: 10, queued: 12), sink(busy: 1)])
        #expect(run.limit == nil)
        #expect(run.text == nil)
    }
}
