import Glibc

/// Picks places of a list, each as often as its weight says.
struct WeightedPick: Sendable {
    /// At each place, the sum of the weights up to and including it.
    ///
    /// Integers, so that the same pick comes out of the
    /// same number for ever.
    private let sums: [UInt64]

    init(weights: [UInt64]) {
        var sum: UInt64 = 0
        sums = weights.map { weight in
            sum += weight
            return sum
        }
    }

    /// Every place as often as any other.
    init(uniform count: Int) { self.init(weights: [UInt64](repeating: 1, count: count)) }

    /// Zipf's law: the place `n`, from 1, with the weight 1/n^`exponent`, as visitors and pages have it.
    init(zipf count: Int, exponent: Double) {
        self.init(
            weights: (0..<count).map { place in
                let rank = Double(place + 1)
                return max(1, UInt64(0x1p40 / (exponent == 1 ? rank : pow(rank, exponent))))
            }
        )
    }

    func pick(_ random: inout GeneratorRandom) -> Int {
        let number = random.below(sums.last ?? 1)
        var low = 0
        var high = sums.count - 1
        while low < high {
            let middle = (low + high) / 2
            if number < sums[middle] { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
