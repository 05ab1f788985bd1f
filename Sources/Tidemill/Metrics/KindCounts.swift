import Synchronization

/// How many failures there were of each kind; what goes beyond a bounded number of kinds counts as `other`.
final class KindCounts: Sendable {
    /// The engine's own kinds, which always count by themselves.
    private static let known: Set<JobFailure.Kind> = [
        .handler, .memory, .emissions, .outputBytes, .instructions, .timeout, .stuck, .input, .sink, .interrupted,
    ]
    /// How many kinds of the components' own count by themselves.
    private static let mostOwn = 16

    private struct State {
        var counts: [String: Int] = [:]
        var own = 0
    }

    private let state = Mutex(State())

    /// What there was so far, by kind.
    var all: [String: Int] { state.withLock { $0.counts } }

    func add(_ failures: [(delivery: Delivery, failure: JobFailure)]) {
        if failures.isEmpty { return }
        state.withLock { state in
            for (_, failure) in failures { Self.count(failure.kind, &state) }
        }
    }

    private static func count(_ kind: JobFailure.Kind, _ state: inout State) {
        var name = kind.rawValue
        if state.counts[name] == nil, !known.contains(kind) {
            if state.own < mostOwn { state.own += 1 } else { name = "other" }
        }
        state.counts[name, default: 0] += 1
    }
}

/// The failures of a node, by kind.
final class FailureCounts: Sendable {
    /// Those of single attempts, whether or not another one followed.
    let attempts = KindCounts()
    /// Those that a policy decided over.
    let jobs = KindCounts()
}
