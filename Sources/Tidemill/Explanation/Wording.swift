extension Double {
    /// As a whole number of per cent.
    var percent: String { "\(Int((self * 100).rounded())) %" }
}

extension Int {
    /// With its noun: `1 worker`, `2 workers`.
    func counted(_ noun: String) -> String { self == 1 ? "1 \(noun)" : "\(self) \(noun)s" }
}

extension Duration {
    /// For people: two digits that count, in the unit that suits.
    var rounded: String {
        let seconds = self / .seconds(1)
        guard seconds > 0 else { return "0 s" }
        let units: [(name: String, size: Double)] = [("s", 1), ("ms", 1e-3), ("us", 1e-6)]
        // 999.7 ms reads 1 s.
        let unit = units.first { seconds >= 0.9995 * $0.size } ?? ("ns", 1e-9)
        let value = seconds / unit.size
        let digits = value < 9.95 ? (value * 10).rounded() / 10 : value.rounded()
        return digits == digits.rounded() ? "\(Int(digits)) \(unit.name)" : "\(digits) \(unit.name)"
    }
}
