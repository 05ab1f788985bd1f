/// How far a simulation may go, and how punctual it is.
public struct SimulationLimits: Sendable {
    /// After how many steps it counts as one that never ends.
    public var steps: Int
    /// After how much virtual time it does.
    public var time: Duration
    /// The chance, at each step, that time goes on to the next timer though tasks can run.
    ///
    /// With 0 every task runs at the very moment at which it can.
    public var lateness: Double

    /// Limits; the default is a million steps, a virtual day and no lateness.
    public init(steps: Int = 1_000_000, time: Duration = .seconds(86_400), lateness: Double = 0) {
        self.steps = steps
        self.time = time
        self.lateness = lateness
    }
}

/// A simulation that failed, with the seed that makes it fail again.
public struct SimulationFailure: Error, CustomStringConvertible {
    /// What sort of failure it is.
    public enum Reason: Sendable {
        /// The body threw.
        case threw(any Error)
        /// Nothing could run, nobody slept, and the body had not returned.
        case stuck
        /// It went on for more steps than the limit.
        case tooManySteps
        /// It went on for more virtual time than the limit.
        case tooMuchTime
        /// The body returned while tasks that it had started were asleep.
        case leftSleepers
        /// Tasks of the simulation were woken from outside of it, so that its seed doesn't say what happens.
        case outsiders
    }

    /// The seed.
    public let seed: UInt64
    /// What sort of failure it is.
    public let reason: Reason
    /// The virtual time at which it came to light.
    public let time: Duration
    /// After how many steps.
    public let steps: Int
    /// What the scheduler had chosen by then; see ``SeededScheduler/fingerprint``.
    public let fingerprint: UInt64
    /// What else is known: what waited, what the pipelines were doing, the simulation's last notes.
    public internal(set) var details: [String]

    /// The seed, what happened and what is known of it.
    public var description: String {
        (["seed \(seed) failed at \(time), after \(steps) steps: \(what)"] + details).joined(separator: "\n  ")
    }

    private var what: String {
        switch reason {
        case .threw(let error): "\(error)"
        case .stuck: "stuck: nothing can run, and nobody sleeps"
        case .tooManySteps: "it doesn't end: too many steps"
        case .tooMuchTime: "it doesn't end: too much virtual time"
        case .leftSleepers: "the body has returned, and tasks are still asleep"
        case .outsiders: "tasks were woken from outside of the simulation"
        }
    }
}
