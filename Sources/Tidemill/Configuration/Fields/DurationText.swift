/// Durations as configuration files write them: `250ms`, `2s`, `1m30s`, `1h`.
public enum DurationText {
    /// The units and their nanoseconds, the longest first.
    static let units: [(name: String, nanoseconds: Int)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ("ms", 1_000_000), ("us", 1_000), ("ns", 1),
    ]

    /// The pattern of JSON Schema for what `parse` accepts.
    static let pattern = "^([0-9]+(\\.[0-9]{1,9})?(d|h|m|s|ms|us|ns))+$"

    /// The duration that the text names; nil if it names none, or one too long for 64 bits of nanoseconds.
    ///
    /// Several parts add up, the longest unit first: `1m30s`. A fraction is exact or refused: `1.5s`.
    public static func parse(_ text: String) -> Duration? {
        var rest = text.utf8[...]
        var total = 0
        var smallest = Int.max
        while !rest.isEmpty {
            guard let part = takePart(&rest), part.unit < smallest else { return nil }
            smallest = part.unit
            let (sum, overflow) = total.addingReportingOverflow(part.nanoseconds)
            guard !overflow else { return nil }
            total = sum
        }
        return smallest == .max ? nil : .nanoseconds(total)
    }

    /// The shortest text in one unit that means this duration exactly; below a nanosecond is cut off.
    public static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowSum) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        guard !overflow, !overflowSum else { return "\(seconds)s" }
        if sum == 0 { return "0s" }
        for unit in units where sum % Int64(unit.nanoseconds) == 0 {
            return "\(sum / Int64(unit.nanoseconds))\(unit.name)"
        }
        return "\(sum)ns"
    }

    private static func takePart(_ rest: inout Substring.UTF8View) -> (nanoseconds: Int, unit: Int)? {
        let whole = takeDigits(&rest)
        guard let count = Int(whole) else { return nil }
        var fraction = ""
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = takeDigits(&rest)
            guard (1...9).contains(fraction.count) else { return nil }
        }
        let letters = rest.prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
        let name = String(Substring(letters))
        guard let unit = units.first(where: { $0.name == name })?.nanoseconds else { return nil }
        rest = rest[letters.endIndex...]

        let (nanoseconds, overflow) = count.multipliedReportingOverflow(by: unit)
        guard !overflow, let extra = exactFraction(fraction, of: unit) else { return nil }
        let (sum, overflowSum) = nanoseconds.addingReportingOverflow(extra)
        return overflowSum ? nil : (sum, unit)
    }

    private static func takeDigits(_ rest: inout Substring.UTF8View) -> String {
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest[digits.endIndex...]
        return String(Substring(digits))
    }

    /// `.25` of a unit in nanoseconds; nil if that is no whole number.
    private static func exactFraction(_ digits: String, of unit: Int) -> Int? {
        guard !digits.isEmpty else { return 0 }
        guard let numerator = Int(digits) else { return nil }
        let denominator = (0..<digits.count).reduce(1) { product, _ in product * 10 }
        let (high, low) = unit.multipliedFullWidth(by: numerator)
        let (quotient, remainder) = denominator.dividingFullWidth((high, low))
        return remainder == 0 ? quotient : nil
    }
}
