/// Random numbers that are the same for the same seed, in every process and on every machine (SplitMix64).
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

    private var state: UInt64

    /// The numbers of a seed; those of another have nothing in common with them.
    public init(seed: some BinaryInteger) {
        // States a multiple of the step apart would give one row of numbers, only shifted.
        state = Self.mix(UInt64(truncatingIfNeeded: seed) &+ Self.step)
    }

    /// One of many independent rows of numbers that a seed has.
    public init(seed: UInt64, stream: UInt64) {
        var streams = SeededRandom(seed: stream &+ 1)
        self.init(seed: seed ^ streams.next())
    }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= Self.step
        return Self.mix(state)
    }

    private static func mix(_ number: UInt64) -> UInt64 {
        var mixed = number
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// True in that share of all cases.
    public mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &self) < probability
    }

    /// One of the choices, each as often as its weight says.
    ///
    /// There must be one with a weight above 0.
    public mutating func pick<Choice>(_ choices: [(weight: Int, choice: Choice)]) -> Choice {
        let total = choices.reduce(0) { $0 + max($1.weight, 0) }
        precondition(total > 0, "there is nothing to choose from")
        var number = Int.random(in: 0..<total, using: &self)
        for (weight, choice) in choices {
            number -= max(weight, 0)
            if number < 0 { return choice }
        }
        preconditionFailure("a number below the sum of the weights is in one of them")
    }
}
