import Tidemill

/// What a source or a sink does not do that it should.
public struct ConformanceFailure: Error, CustomStringConvertible {
    /// What was expected, and what came.
    public let description: String

    init(_ description: String) { self.description = description }
}

/// - Throws: ``ConformanceFailure`` where `condition` is false.
func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(ConformanceFailure) {
    if !condition { throw ConformanceFailure(message()) }
}

/// Waits until a condition of something holds that tells nobody when it does, such as a server.
///
/// It asks every 10 ms, in real time.
///
/// - Throws: ``ConformanceFailure`` where that takes longer than `limit`, and what `condition` throws.
public func eventually(
    _ what: String,
    within limit: Duration = .seconds(60),
    _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while try await !condition() {
        if clock.now > end { throw ConformanceFailure("not within \(limit): \(what)") }
        try await clock.sleep(for: .milliseconds(10))
    }
}
