#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Simulates a body with one seed after the other, until one fails.
///
/// The seed that failed is run again at once, and the failure says whether that took the same way; by hand it is run
/// again with `TIDEMILL_SEED=n` in the environment, which runs only that seed. `TIDEMILL_SEEDS=n` sets how many are run.
///
/// - Parameters:
///   - count: how many seeds to run, where the environment says nothing else.
///   - first: the first of them.
///   - limits: when a run counts as one that never ends.
///   - body: what to run.
/// - Throws: the first ``SimulationFailure``, or `CancellationError`.
public func checkSeeds(
    count: Int = 100,
    first: UInt64 = 0,
    limits: SimulationLimits = SimulationLimits(),
    _ body: @escaping @Sendable (Simulation) async throws -> Void
) async throws {
    let seeds = selectedSeeds(count: count, first: first, environment: ProcessInfo.processInfo.environment)
    for seed in seeds {
        try Task.checkCancellation()
        do {
            try await simulate(seed: seed, limits: limits, body)
        } catch var failure as SimulationFailure {
            failure.details.append(await runAgain(failure, limits, body))
            failure.details.append("TIDEMILL_SEED=\(seed) in the environment runs this seed again, and no other")
            throw failure
        }
    }
}

private func runAgain(
    _ failure: SimulationFailure,
    _ limits: SimulationLimits,
    _ body: @escaping @Sendable (Simulation) async throws -> Void
) async -> String {
    do {
        try await simulate(seed: failure.seed, limits: limits, body)
    } catch let again as SimulationFailure where again.fingerprint == failure.fingerprint {
        return "a second run took the same way and failed again"
    } catch let again as SimulationFailure {
        return "a second run took another way, so that not everything is simulated, and failed: \(again)"
    } catch {}
    return "a second run did not fail, so that not everything is simulated"
}

/// The seeds to run.
func selectedSeeds(count: Int, first: UInt64, environment: [String: String]) -> [UInt64] {
    if let only = environment["TIDEMILL_SEED"].flatMap(UInt64.init) { return [only] }
    let count = environment["TIDEMILL_SEEDS"].flatMap(Int.init) ?? count
    return (0..<UInt64(max(count, 0))).map { first &+ $0 }
}
