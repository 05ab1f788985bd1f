import TidemillValue

extension Value {
    /// Some value, nested up to `depth`; a JSON text gives it back exactly.
    static func random(depth: Int, using random: inout SeededGenerator) -> Value {
        switch Int.random(in: 0..<(depth > 0 ? 10 : 7), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &random))
        case 3: return .integer(Int64.random(in: -100...100, using: &random))
        case 4: return .number(.randomFinite(using: &random))
        case 5, 6: return .string(Bytes(String.random(using: &random)))
        case 7:
            let count = Int.random(in: 0..<5, using: &random)
            return .array((0..<count).map { _ in .random(depth: depth - 1, using: &random) })
        default:
            let count = Int.random(in: 0..<5, using: &random)
            return .table((0..<count).map { _ in (.random(using: &random), .random(depth: depth - 1, using: &random)) })
        }
    }

    var encoded: Bytes {
        var writer = ByteWriter()
        writer.append(flat: self)
        return writer.take()
    }
}

extension Double {
    static func randomFinite(using random: inout SeededGenerator) -> Double {
        let number = Double(bitPattern: random.next())
        return number.isFinite ? number : Double(Int.random(in: -1000...1000, using: &random)) / 8
    }
}

extension String {
    private static let pieces = [
        "a", "\"", "\\", "\n", "\0", "\u{1F}", "é", "e\u{301}", "\u{2028}", "😀", "key", "", "/",
    ]

    static func random(using random: inout SeededGenerator) -> String {
        let count = Int.random(in: 0..<5, using: &random)
        return (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
    }
}
