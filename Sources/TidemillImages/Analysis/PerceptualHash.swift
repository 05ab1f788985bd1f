#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// 64 bits that are alike for images that look alike.
struct PerceptualHash: Hashable, CustomStringConvertible {
    let bits: UInt64

    init(bits: UInt64) { self.bits = bits }

    /// Of its 16 hexadecimal digits.
    init?(_ text: String) {
        guard text.utf8.count == 16, let bits = UInt64(text, radix: 16), !text.hasPrefix("+") else { return nil }
        self.bits = bits
    }

    var description: String {
        let digits = String(bits, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// In how many bits two differ.
    func distance(to other: PerceptualHash) -> Int { (bits ^ other.bits).nonzeroBitCount }

    /// Whether each of 9 × 8 pixels is lighter than its right neighbour.
    static func difference(of image: Image, _ call: ImageCall) throws(ImageError) -> PerceptualHash {
        let light = try SmallPixels(of: image, width: 9, height: 8, call).lightness
        var bits: UInt64 = 0
        for row in 0..<8 {
            for column in 0..<8 {
                bits = bits << 1 | (light[row * 9 + column] > light[row * 9 + column + 1] ? 1 : 0)
            }
        }
        return PerceptualHash(bits: bits)
    }

    /// Whether each of the 8 × 8 coarsest frequencies of 32 × 32 pixels is above their median.
    static func frequency(of image: Image, _ call: ImageCall) throws(ImageError) -> PerceptualHash {
        let side = 32
        let light = try SmallPixels(of: image, width: side, height: side, call).lightness
        let waves = (0..<8).map { wave in
            (0..<side).map { cos(Double.pi / Double(side) * (Double($0) + 0.5) * Double(wave)) }
        }
        var frequencies: [Double] = []
        for down in 0..<8 {
            for across in 0..<8 {
                var sum = 0.0
                for y in 0..<side {
                    for x in 0..<side { sum += light[y * side + x] * waves[down][y] * waves[across][x] }
                }
                frequencies.append(sum)
            }
        }
        // The first is the mean lightness, which would move the median for no reason.
        let sorted = frequencies.dropFirst().sorted()
        let median = sorted[sorted.count / 2]
        return PerceptualHash(bits: frequencies.reduce(0) { $0 << 1 | ($1 > median ? 1 : 0) })
    }
}
