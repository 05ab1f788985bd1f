/// The random numbers of one generated job: SplitMix64, which is the same for ever, on every machine.
///
/// Each job has its own, made of the seed and the job's index, so that job 1,000,000 can be made without the others.
public struct GeneratorRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// The numbers of the job at `index`.
    public init(seed: UInt64, index: Int) {
        state =
            Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15)
            ^ Self.mix(UInt64(bitPattern: Int64(index)) &+ 0xD1B5_4A32_D192_ED03)
    }

    /// 64 random bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state)
    }

    /// A number from 0 up to, not including, `bound`, which is not 0. (Swift's own `random(in:)` may change.)
    public mutating func below(_ bound: UInt64) -> UInt64 {
        next().multipliedFullWidth(by: bound).high
    }

    /// A number in the range.
    public mutating func integer(in range: ClosedRange<Int64>) -> Int64 {
        let width = UInt64(bitPattern: range.upperBound) &- UInt64(bitPattern: range.lowerBound)
        let offset = width == .max ? next() : below(width + 1)
        return Int64(bitPattern: UInt64(bitPattern: range.lowerBound) &+ offset)
    }

    /// A number from 0 up to, not including, 1.
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// SplitMix64's finalizer, a good hash of 64 bits.
    static func mix(_ number: UInt64) -> UInt64 {
        var number = number
        number = (number ^ (number >> 30)) &* 0xBF58_476D_1CE4_E5B9
        number = (number ^ (number >> 27)) &* 0x94D0_49BB_1331_11EB
        return number ^ (number >> 31)
    }
}
