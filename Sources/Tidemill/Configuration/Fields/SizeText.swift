/// Sizes as configuration files write them: `64KiB`, `10MB`, or a bare number of bytes.
public enum SizeText {
    /// The units and their bytes; the binary ones first, the largest first.
    static let units: [(name: String, bytes: Int)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("B", 1),
    ]

    /// The pattern of JSON Schema for what `parse` accepts.
    static let pattern = "^[0-9]+(TiB|GiB|MiB|KiB|TB|GB|MB|kB|B)$"

    /// The bytes that the text names; nil if it names none, or more than 64 bits can count.
    public static func parse(_ text: String) -> Int? {
        guard let (count, name) = split(text), let unit = units.first(where: { $0.name == name })?.bytes else {
            return nil
        }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit)
        return overflow ? nil : bytes
    }

    /// The shortest exact text in a binary unit: `64KiB`, `1000B`.
    public static func format(_ bytes: Int) -> String {
        let unit = units.first { $0.name.hasSuffix("iB") && bytes != 0 && bytes % $0.bytes == 0 }
        return unit.map { "\(bytes / $0.bytes)\($0.name)" } ?? "\(bytes)B"
    }

    /// The right spelling of a size whose unit is nearly right: `64K`, `64 KiB` and `64kib` mean `64KiB`.
    static func corrected(_ text: String) -> String? {
        guard let (count, name) = split(text) else { return nil }
        let lower = name.lowercased().drop { $0 == " " }
        guard let letter = lower.first, lower.count <= 3 else { return nil }
        let unit =
            units.first { $0.name.lowercased() == lower } ?? units.first { $0.name.lowercased().first == letter }
        return unit.map { "\(count)\($0.name)" }
    }

    private static func split(_ text: String) -> (count: Int, unit: String)? {
        let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard let count = Int(String(Substring(digits))) else { return nil }
        return (count, String(text[digits.endIndex...]))
    }
}
