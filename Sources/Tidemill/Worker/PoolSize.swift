import Synchronization

/// A change of how many workers a stage has.
public struct ScalingEvent: Sendable, Hashable {
    /// When, by the pipeline's clock.
    public let time: Duration
    /// How many workers it was to have before.
    public let previous: Int
    /// How many it was to have then.
    public let workers: Int
    /// Why, in words for people.
    public let reason: String
}

/// How many workers a node has, how many it had on average, and why that changed.
final class PoolSize: Sendable {
    /// How many of the latest changes are kept.
    private static let most = 20

    private struct State {
        var value: Int
        /// When the time of the workers began to count; nil before.
        var start: Duration?
        /// When the number became what it is.
        var since = Duration.zero
        /// The time that there were workers until then, all together, in seconds.
        var seconds = 0.0
        var changes: [ScalingEvent] = []
        var grown = 0
        var shrunk = 0

        func seconds(until time: Duration) -> Double { seconds + Double(value) * ((time - since) / .seconds(1)) }
    }

    private let state: Mutex<State>

    init(_ value: Int) { state = Mutex(State(value: value)) }

    var value: Int { state.withLock { $0.value } }

    /// The latest changes, at most 20, in their order.
    var changes: [ScalingEvent] { state.withLock { $0.changes } }

    /// How often it became more, and less.
    var counts: (grown: Int, shrunk: Int) { state.withLock { ($0.grown, $0.shrunk) } }

    /// The workers count from this time on.
    func begin(at time: Duration) {
        state.withLock { state in
            state.start = time
            state.since = time
            state.seconds = 0
        }
    }

    /// There are so many more, or fewer, for that reason.
    @discardableResult
    func change(by difference: Int, _ reason: String, at time: Duration) -> ScalingEvent {
        state.withLock { state in
            let event = ScalingEvent(
                time: time,
                previous: state.value,
                workers: state.value + difference,
                reason: reason
            )
            state.seconds = state.seconds(until: time)
            state.since = time
            state.value += difference
            if difference > 0 { state.grown += 1 } else { state.shrunk += 1 }
            if state.changes.count == Self.most { state.changes.removeFirst() }
            state.changes.append(event)
            return event
        }
    }

    /// How many there were on average until that time.
    func mean(until time: Duration) -> Double {
        state.withLock { state in
            guard let start = state.start, time > start else { return Double(state.value) }
            return state.seconds(until: max(time, state.since)) / ((max(time, state.since) - start) / .seconds(1))
        }
    }
}
