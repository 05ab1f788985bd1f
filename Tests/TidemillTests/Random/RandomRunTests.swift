import Testing
import Tidemill
import TidemillTesting

/// Random pipelines, stopped at random moments, under a random order of everything.
@Suite(.timeLimit(.minutes(10))) struct RandomRunTests {
    @Test(arguments: 0..<4 as Range<UInt64>) func whatIsTrueOfEveryRun(quarter: UInt64) async throws {
        try await checkSeeds(count: 250, first: quarter * 1_000_000) { try await RandomRun($0).check() }
    }

    @Test func whatIsTrueOfEveryRunWithLateTimers() async throws {
        try await checkSeeds(count: 250, first: 10_000_000, limits: SimulationLimits(lateness: 0.05)) { simulation in
            // What is late may also end late.
            try await RandomRun(simulation).check(endsInTime: false)
        }
    }

    @Test func theSameSeedGivesTheSameRun() async throws {
        for seed in 0..<200 as Range<UInt64> {
            let first = try await simulate(seed: seed) { try await RandomRun($0).summary }
            let second = try await simulate(seed: seed) { try await RandomRun($0).summary }
            #expect(first == second, "seed \(seed)")
        }
    }

    /// Other processes hash otherwise, so nothing may depend on the order of a set or a dictionary.
    @Test func theSameSeedGivesTheSameRunInAnotherProcess() async throws {
        let child = try await #require(
            processExitsWith: .success,
            observing: [\.standardOutputContent]
        ) {
            print(try await RandomRunTests.summaries())
        }
        let output = String(decoding: child.standardOutputContent, as: UTF8.self)
        let summaries = try await Self.summaries()
        #expect(output.contains(summaries))
    }

    private static func summaries() async throws -> String {
        var summaries: [String] = []
        for seed in 0..<100 as Range<UInt64> {
            summaries.append(try await simulate(seed: seed) { try await RandomRun($0).summary })
        }
        return summaries.joined(separator: "\n")
    }

    /// The random pipelines are only worth something if, all together, they do everything.
    @Test func everythingHappens() async throws {
        var seen: Set<String> = []
        for seed in 0..<400 as Range<UInt64> {
            let features = try await simulate(seed: seed) { try await RandomRun($0).features }
            seen.formUnion(features)
        }
        let outcomes =
            Outcome.allCases.map(\.name) + ["retried", "given up", "resized"]
            + DispatchMode.allCases.map { "dispatch \($0)" } + JobOrder.allCases.map { "order \($0)" }
        let expected =
            outcomes + RandomStop.ways.map { "\($0.choice)" } + ["start", "source", "sink", "stopped", "no failure"]
        for feature in expected {
            #expect(seen.contains(feature), "\(feature) never happens")
        }
    }
}
