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
        let units: [(name: String, size: Double)] = [("s", 1), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9)]
        for unit in units where seconds >= unit.size || unit.name == "ns" {
            let value = seconds / unit.size
            if value >= 9.95 || value == value.rounded() { return "\(Int(value.rounded())) \(unit.name)" }
            return "\((value * 10).rounded() / 10) \(unit.name)"
        }
        return "0 s"
    }
}
