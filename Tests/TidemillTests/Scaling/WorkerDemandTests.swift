import Testing

@testable import Tidemill

@Suite struct WorkerDemandTests {
    @Test func aQuarterIsReserve() {
        let demand = WorkerDemand(targetWait: 1)
        #expect(demand.workers(for: 0, serviceTime: nil, atMost: 9) == 1)
        #expect(demand.workers(for: 0.75, serviceTime: 0, atMost: 9) == 1)
        #expect(demand.workers(for: 0.76, serviceTime: 0, atMost: 9) == 2)
        #expect(demand.workers(for: 3, serviceTime: 0, atMost: 9) == 4)
        #expect(demand.workers(for: 300, serviceTime: 0, atMost: 9) == 9)
    }

    /// Erlang's tables: with a load of 3 a job waits 0.51 · S with four workers, 0.118 · S with five, 0.033 · S with six.
    @Test(arguments: [(0.52, 4), (0.5, 5), (0.12, 5), (0.11, 6), (0.034, 6), (0.032, 7)])
    func waitsNeedMore(target: Double, workers: Int) {
        #expect(WorkerDemand(targetWait: target).workers(for: 3, serviceTime: 1, atMost: 99) == workers)
    }
}
