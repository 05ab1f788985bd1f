import Synchronization

/// What a node's workers have done, by their numbers; there are as many as there ever were workers at a time.
final class Tallies: Sendable {
    private let tallies: Mutex<[Tally]>

    init(count: Int) { tallies = Mutex((0..<count).map { _ in Tally() }) }

    var all: [Tally] { tallies.withLock { $0 } }

    /// The tally of that worker, from 0, which may be a new one.
    subscript(number: Int) -> Tally {
        tallies.withLock { tallies in
            while tallies.count <= number { tallies.append(Tally()) }
            return tallies[number]
        }
    }
}

extension [Tally] {
    func sum(_ number: (Tally) -> Int) -> Int { reduce(0) { $0 + number($1) } }
}
