import Synchronization
import TidemillTesting

/// Random numbers that several tasks draw from: who comes first is up to the scheduler, and so to the seed.
final class Draws: Sendable {
    private let random: Mutex<SeededRandom>

    init(_ random: inout SeededRandom) { self.random = Mutex(SeededRandom(seed: random.next())) }

    func draw<Choice: Sendable>(_ body: @Sendable (inout SeededRandom) -> Choice) -> Choice {
        random.withLock { body(&$0) }
    }

    /// A duration up to `most`, not seldom none at all.
    func duration(upTo most: Duration) -> Duration { draw { $0.duration(upTo: most) } }
}

extension SeededRandom {
    /// A duration in milliseconds, not seldom none at all.
    mutating func duration(upTo most: Duration) -> Duration {
        chance(0.2) ? .zero : .milliseconds(Int.random(in: 0...Int(most / .milliseconds(1)), using: &self))
    }

    /// How long something takes: mostly little, and seldom so long that a stop has to end it.
    mutating func nap() -> Duration { duration(upTo: chance(0.05) ? .seconds(100) : .milliseconds(400)) }
}
