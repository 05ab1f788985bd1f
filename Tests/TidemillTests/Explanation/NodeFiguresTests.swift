import Testing

@testable import Tidemill

@Suite struct NodeFiguresTests {
    @Test func littlesLaw() {
        let load = NodeLoad(
            .stage,
            "parse",
            workers: 4,
            received: 1_000,
            busy: .seconds(20),
            blocked: .seconds(10),
            queued: 50,
            capacity: 100,
            cpu: .seconds(5)
        )
        let figures = NodeFigures(load, elapsed: .seconds(10))
        #expect(figures.utilization == 0.5)
        #expect(figures.blockedShare == 0.25)
        #expect(figures.throughput == 100)
        #expect(figures.busyWorkers == 2)
        #expect(figures.serviceTime == .milliseconds(20))
        #expect(figures.queueWait == .milliseconds(500))
        #expect(figures.computingShare == 0.25)
    }

    @Test func aNodeWithoutJobsHasNoTimes() {
        let figures = NodeFigures(NodeLoad(.sink, "out", received: 0), elapsed: .zero)
        #expect(figures.utilization == 0)
        #expect(figures.serviceTime == nil)
        #expect(figures.queueWait == nil)
        #expect(figures.computingShare == nil)
    }
}
