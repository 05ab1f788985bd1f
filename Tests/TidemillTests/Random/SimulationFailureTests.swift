import Synchronization
import Testing
import Tidemill

@testable import TidemillTesting

/// Simulations that fail say so, with their seed, and never hang.
@Suite(.timeLimit(.minutes(10))) struct SimulationFailureTests {
    /// What a simulation that must fail says.
    private func failure<Success: Sendable>(
        seed: UInt64 = 5,
        _ limits: SimulationLimits = SimulationLimits(steps: 10_000),
        _ body: @escaping @Sendable (Simulation) async throws -> Success
    ) async throws -> SimulationFailure {
        try await #require(throws: SimulationFailure.self) { _ = try await simulate(seed: seed, limits: limits, body) }
    }

    @Test func whatNobodyWakesIsStuck() async throws {
        let gate = Gate()
        let failure = try await failure { simulation in
            try await simulation.clock.sleep(for: .seconds(2))
            try await gate.pass()
        }
        guard case .stuck = failure.reason else { throw failure }
        #expect(failure.time == .seconds(2))
        #expect(failure.description.contains("seed 5 failed at 2.0 seconds"))
        #expect(gate.count == 0, "the body was cancelled")
    }

    @Test func whatNobodyWakesAndNobodyCanCancelIsStuck() async throws {
        let gate = Gate()
        let failure = try await failure { _ in await gate.passUninterrupted() }
        guard case .stuck = failure.reason else { throw failure }
        gate.open()
    }

    @Test func aStuckPipelineSaysWhereItsJobsAre() async throws {
        let failure = try await failure { simulation in
            let gate = Gate()
            let nodes: [PipelineNode] = [
                .source("numbers", ScriptedSource(values: (0..<3).map { Value.integer($0) }, batch: 1)),
                .stage("waits") { job, _ in
                    try await gate.pass()
                    return job.value
                },
                .sink("end", CollectingSink()),
            ]
            return try await simulation.run(nodes)
        }
        guard case .stuck = failure.reason else { throw failure }
        #expect(failure.details.contains("pipeline test: running, 3 jobs open"), "\(failure)")
        #expect(failure.details.contains("waits: 2 jobs queued, 1 of 1 workers busy"), "\(failure)")
    }

    @Test func whatNeverEndsIsFound() async throws {
        let steps = try await failure(SimulationLimits(steps: 1000)) { simulation in
            while !Task.isCancelled { try? await simulation.clock.sleep(for: .zero) }
        }
        guard case .tooManySteps = steps.reason else { throw steps }
        let time = try await failure(SimulationLimits(time: .seconds(60))) { simulation in
            while !Task.isCancelled { try? await simulation.clock.sleep(for: .seconds(7)) }
        }
        guard case .tooMuchTime = time.reason else { throw time }
        #expect(time.time == .seconds(56))
    }

    @Test func sleepersThatAreLeftAreFound() async throws {
        let ended = Mutex(false)
        let failure = try await failure { simulation in
            simulation.task {
                try? await simulation.clock.sleep(for: .seconds(1))
                ended.withLock { $0 = true }
            }
            try await simulation.clock.sleep(for: .zero)
        }
        guard case .leftSleepers = failure.reason else { throw failure }
        #expect(failure.time == .zero)
        #expect(ended.withLock { $0 })
    }

    @Test func wakingFromOutsideIsFound() async throws {
        let failure = try await failure(SimulationLimits(steps: .max)) { simulation in
            // It keeps the simulation from being stuck while the other task is on its way.
            let timer = simulation.task { while true { try await simulation.clock.sleep(for: .zero) } }
            await Task.detached { while simulation.executor.steps < 100 { await Task.yield() } }.value
            timer.cancel()
        }
        guard case .outsiders = failure.reason else { throw failure }
    }

    @Test func anErrorCarriesSeedAndNotes() async throws {
        let failure = try await failure(seed: 77) { simulation in
            simulation.note("before it failed")
            throw ScriptedError("no")
        }
        guard case .threw(let error) = failure.reason else { throw failure }
        #expect(error as? ScriptedError == ScriptedError("no"))
        #expect(
            failure.description == "seed 77 failed at 0.0 seconds, after 1 steps: no\n  0.0 seconds: before it failed"
        )
    }

    @Test func theFirstSeedThatFailsIsRunAgain() async throws {
        let runs = Mutex<[UInt64]>([])
        let failure = try await #require(throws: SimulationFailure.self) {
            try await checkSeeds(count: 10, first: 3) { simulation in
                runs.withLock { $0.append(simulation.seed) }
                if simulation.seed == 5 { throw ScriptedError("five") }
            }
        }
        #expect(runs.withLock { $0 } == [3, 4, 5, 5])
        #expect(failure.description.contains("a second run took the same way and failed again"))
        #expect(failure.description.contains("TIDEMILL_SEED=5"))
    }

    @Test func theEnvironmentChoosesSeeds() {
        #expect(selectedSeeds(count: 3, first: 7, environment: [:]) == [7, 8, 9])
        #expect(selectedSeeds(count: 3, first: 7, environment: ["TIDEMILL_SEEDS": "2"]) == [7, 8])
        #expect(selectedSeeds(count: 3, first: 7, environment: ["TIDEMILL_SEED": "\(UInt64.max)"]) == [.max])
    }
}
