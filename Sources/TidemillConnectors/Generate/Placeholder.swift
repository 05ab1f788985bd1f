import TidemillValue

/// What stands between `{{` and `}}` in a template.
enum Placeholder: Sendable {
    case index
    case integer(ClosedRange<Int64>)
    case number(low: Double, high: Double, digits: Int)
    case pick(WeightedPick, [TextTemplate])
    case address(WeightedPick?)
    case word
    case uuid
    case hex(Int)
    case time(TimeFormat)

    /// What a job is made from beside random numbers.
    struct Moment {
        let index: Int
        let seed: UInt64
        let milliseconds: Int
    }

    /// Appends its text.
    func append(_ moment: Moment, _ random: inout GeneratorRandom, to writer: inout ByteWriter) {
        switch self {
        case .index: writer.append(decimal: Int64(moment.index))
        case .integer(let range): writer.append(decimal: random.integer(in: range))
        case .number(let low, let high, let digits):
            let scale = Self.scale(digits)
            let scaled = Int64(((low + random.unit() * (high - low)) * Double(scale)).rounded())
            if scaled < 0 { writer.append(UInt8(ascii: "-")) }
            writer.append(decimal: Int64(scaled.magnitude) / scale)
            guard digits > 0 else { return }
            writer.append(UInt8(ascii: "."))
            writer.append(decimal: Int64(scaled.magnitude) % scale, width: digits)
        case .pick(let pick, let choices): choices[pick.pick(&random)].append(moment, &random, to: &writer)
        case .address(let pick): Self.append(address: Self.address(pick, moment, &random), to: &writer)
        case .word: writer.append(Self.words[Int(random.below(UInt64(Self.words.count)))])
        case .uuid: Self.append(uuid: random.next(), random.next(), to: &writer)
        case .hex(let count): for _ in 0..<count { writer.append(Self.digits[Int(random.below(16))]) }
        case .time(let format): format.append(milliseconds: moment.milliseconds, to: &writer)
        }
    }

    /// Its value where it is a number by nature, for a template that is nothing else.
    func number(_ moment: Moment, _ random: inout GeneratorRandom) -> Value? {
        switch self {
        case .index: return .integer(Int64(moment.index))
        case .integer(let range): return .integer(random.integer(in: range))
        case .number(let low, let high, let digits):
            let scale = Double(Self.scale(digits))
            return .number(((low + random.unit() * (high - low)) * scale).rounded() / scale)
        case .time(let format) where format.isNumber:
            var text = ByteWriter()
            format.append(milliseconds: moment.milliseconds, to: &text)
            return Int64(String(text.take())).map { .integer($0) }
        default: return nil
        }
    }

    private static func scale(_ digits: Int) -> Int64 {
        (0..<digits).reduce(1) { scale, _ in scale * 10 }
    }

    /// With a pool, the address at a place of it, which is the same whenever the place is picked.
    private static func address(_ pick: WeightedPick?, _ moment: Moment, _ random: inout GeneratorRandom) -> UInt64 {
        guard let pick else { return random.next() }
        return GeneratorRandom.mix(moment.seed ^ GeneratorRandom.mix(UInt64(pick.pick(&random)) &+ 1))
    }

    /// A public IPv4 address, or nearly: the first number is none of 0, 10, 127 and 224 to 255.
    private static func append(address bits: UInt64, to writer: inout ByteWriter) {
        var first = Int64(bits >> 32 & 0xFFFF) % 221 + 1
        if first >= 10 { first += 1 }
        if first >= 127 { first += 1 }
        writer.append(decimal: first)
        for shift in [16, 8, 0] {
            writer.append(UInt8(ascii: "."))
            writer.append(decimal: Int64(bits >> UInt64(shift) & 0xFF))
        }
    }

    /// A version 4 UUID.
    private static func append(uuid high: UInt64, _ low: UInt64, to writer: inout ByteWriter) {
        let high = high & ~0xF000 | 0x4000
        let low = low & ~(3 << 62) | 2 << 62
        for nibble in 0..<32 {
            if [8, 12, 16, 20].contains(nibble) { writer.append(UInt8(ascii: "-")) }
            let word = nibble < 16 ? high : low
            writer.append(digits[Int(word >> UInt64(60 - nibble % 16 * 4) & 0xF)])
        }
    }

    private static let digits = Array("0123456789abcdef".utf8)
    private static let words = [
        "amber", "anchor", "apple", "april", "arrow", "autumn", "basin", "beacon", "birch", "bramble", "bridge",
        "brook",
        "candle", "cedar", "chalk", "cloud", "clover", "cobalt", "coral", "copper", "crane", "delta", "drift", "ember",
        "falcon", "fern", "field", "flint", "forest", "garnet", "glacier", "grain", "harbor", "hazel", "heron",
        "hollow",
        "indigo", "island", "ivory", "jasper", "juniper", "kestrel", "lantern", "larch", "linen", "maple", "marble",
        "meadow", "mill", "mist", "north", "oak", "ocean", "olive", "orchard", "pebble", "pine", "quartz", "river",
        "saffron", "silver", "stone", "tide", "willow",
    ]
}
