import Synchronization
import Testing
import TidemillTesting

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Virtual time and the seeded scheduler on their own.
@Suite(.timeLimit(.minutes(10))) struct SimulationTests {
    private actor Register {
        private(set) var entries: [Int] = []

        func add(_ entry: Int) { entries.append(entry) }
    }

    /// Tasks, actors, timers and cancellation, each of which notes what it does.
    private static func trace(_ simulation: Simulation) async throws -> [Simulation.Note] {
        let register = Register()
        let sleeper = simulation.task { try await simulation.clock.sleep(for: .seconds(1000)) }
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<6 {
                group.addTask {
                    var random = simulation.random(stream: UInt64(number))
                    for step in 0..<5 {
                        simulation.note("\(number) step \(step)")
                        if random.chance(0.5) { await Task.yield() }
                        if random.chance(0.5) {
                            try? await simulation.clock.sleep(for: .seconds(Int.random(in: 0...3, using: &random)))
                        }
                        await register.add(number)
                    }
                    if number == 3 { sleeper.cancel() }
                }
            }
        }
        simulation.note("\(await sleeper.result) \(await register.entries)")
        return simulation.notes
    }

    @Test func anHourTakesNoTime() async throws {
        let start = ContinuousClock.now
        let (time, date) = try await simulate(seed: 1) { simulation in
            try await simulation.clock.sleep(for: .seconds(3600))
            return (simulation.clock.now, simulation.clock.date)
        }
        #expect(time == .seconds(3600))
        #expect(date == Date(timeIntervalSince1970: 1_704_067_200 + 3600))
        #expect(start.duration(to: .now) < .seconds(60))
    }

    @Test func aSeedAlwaysTakesTheSameWay() async throws {
        var traces: Set<[Simulation.Note]> = []
        for seed in 0..<200 as Range<UInt64> {
            let first = try await simulate(seed: seed) { (try await Self.trace($0), $0.executor.fingerprint) }
            let second = try await simulate(seed: seed) { (try await Self.trace($0), $0.executor.fingerprint) }
            #expect(first.0 == second.0, "seed \(seed)")
            #expect(first.1 == second.1, "seed \(seed)")
            traces.insert(first.0)
        }
        #expect(traces.count > 190, "different seeds take different ways")
    }

    @Test func sleepersWakeInOrderOfTime() async throws {
        try await checkSeeds(count: 50) { simulation in
            await withTaskGroup(of: Void.self) { group in
                for number in [3, 1, 2, 5, 4] {
                    group.addTask {
                        try? await simulation.clock.sleep(for: .seconds(number))
                        simulation.note("\(number)")
                    }
                }
            }
            #expect(simulation.notes.map(\.text) == ["1", "2", "3", "4", "5"])
            #expect(simulation.clock.now == .seconds(5))
        }
    }

    @Test func sleepersOfOneMomentWakeInAnyOrder() async throws {
        var orders: Set<[String]> = []
        for seed in 0..<100 as Range<UInt64> {
            let order = try await simulate(seed: seed) { simulation in
                await withTaskGroup(of: Void.self) { group in
                    for number in 0..<3 {
                        group.addTask {
                            try? await simulation.clock.sleep(for: .seconds(1))
                            simulation.note("\(number)")
                        }
                    }
                }
                return simulation.notes.map(\.text)
            }
            orders.insert(order)
        }
        #expect(orders.count == 6)
    }

    @Test func aCancelledSleepEndsAtOnce() async throws {
        try await checkSeeds(count: 50) { simulation in
            let sleeper = simulation.task { try await simulation.clock.sleep(for: .seconds(60)) }
            sleeper.cancel()
            await #expect(throws: CancellationError.self) { try await sleeper.value }
            #expect(simulation.clock.now == .zero)
            #expect(simulation.executor.sleeping == 0)
        }
    }

    @Test func latenessLetsTimersOvertakeTasks() async throws {
        let latest = Mutex(Duration.zero)
        try await checkSeeds(count: 50, limits: SimulationLimits(lateness: 0.2)) { simulation in
            let timer = simulation.task { try await simulation.clock.sleep(for: .seconds(1)) }
            for _ in 0..<10 { try await simulation.clock.sleep(for: .zero) }
            latest.withLock { $0 = max($0, simulation.clock.now) }
            try await timer.value
        }
        #expect(latest.withLock { $0 } == .seconds(1))
    }
}
