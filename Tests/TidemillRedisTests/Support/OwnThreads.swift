import Testing
import Tidemill

/// Runs tests on threads of their own, as sources and sinks do with clients that block.
///
/// On Swift's own pool a few that wait would keep all others from running, those included that they wait for.
struct OwnThreads: SuiteTrait, TestTrait, TestScoping {
    private static let threads = ThreadPool(name: "redis tests", count: 32)

    var isRecursive: Bool { true }

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(Self.threads) { try await function() }
    }
}

extension Trait where Self == OwnThreads {
    /// The tests' calls may block.
    static var ownThreads: Self { OwnThreads() }
}
