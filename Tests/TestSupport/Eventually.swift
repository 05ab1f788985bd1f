import Foundation

/// A condition that did not come true in time.
package struct NotInTime: Error, CustomStringConvertible {
    package let description: String

    /// What did not come.
    package init(_ description: String) { self.description = description }
}

/// Waits until a condition holds, for what nobody announces: a server's own state, another program's file.
///
/// It looks again and again; a condition that comes true takes no longer than it has to.
///
/// - Throws: ``NotInTime`` after `limit`, and what the condition throws.
package func eventually(
    _ what: String,
    within limit: Duration = .seconds(30),
    _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while true {
        if try await condition() { return }
        if ContinuousClock.now >= end { throw NotInTime("not in \(limit): \(what)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}
