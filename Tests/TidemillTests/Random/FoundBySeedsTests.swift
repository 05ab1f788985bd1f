import Testing
import Tidemill
import TidemillTesting

/// What random runs have found, as small as it gets.
@Suite(.timeLimit(.minutes(10))) struct FoundBySeedsTests {
    /// The smallest unsigned atomic was taken by its sign, and a message that was handed back counted as settled.
    @Test func aSourceThatResumesHearsOfWhatWasHandedBack() async throws {
        try await checkSeeds(count: 20) { simulation in
            let source = ScriptedSource(values: (0..<5).map { Value.integer($0) })
            var failing = PipelineNode.stage("fails at 2") { (value: Value) throws -> Value? in
                if value == 2 { throw ScriptedError("two") }
                return value
            }
            failing.onError = .reject
            _ = try await simulation.run([.source("numbers", source), failing, .sink("end", CollectingSink())])
            #expect(source.settledCounts == [2])
        }
    }
}
