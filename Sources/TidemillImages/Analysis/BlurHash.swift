#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The text of the public BlurHash algorithm: the coarsest cosine waves of an image in linear light, in base 83.
struct BlurHash {
    private typealias Light = SIMD3<Double>

    let text: String

    init(_ pixels: SmallPixels, x: Int, y: Int) {
        let light = pixels.colours.map { Light(Self.linear($0.red), Self.linear($0.green), Self.linear($0.blue)) }
        var factors: [Light] = []
        for down in 0..<y {
            for across in 0..<x { factors.append(Self.factor(light, pixels.width, pixels.height, across, down)) }
        }
        text = Self.encode(factors, x: x, y: y)
    }

    private static func factor(_ light: [Light], _ width: Int, _ height: Int, _ across: Int, _ down: Int) -> Light {
        let horizontal = (0..<width).map { cos(Double.pi * Double(across * $0) / Double(width)) }
        var sum = Light()
        for row in 0..<height {
            let vertical = cos(Double.pi * Double(down * row) / Double(height))
            for column in 0..<width { sum += light[row * width + column] * (horizontal[column] * vertical) }
        }
        let isMean = across == 0 && down == 0
        return sum * ((isMean ? 1 : 2) / Double(width * height))
    }

    private static func encode(_ factors: [Light], x: Int, y: Int) -> String {
        let mean = factors[0]
        let waves = factors.dropFirst()
        var text = digits((x - 1) + (y - 1) * 9, 1)
        let largest = waves.map { max(abs($0.x), abs($0.y), abs($0.z)) }.max()
        let step = largest.map { max(0, min(82, Int(($0 * 166 - 0.5).rounded(.down)))) } ?? 0
        text += digits(step, 1)
        text += digits(sRGB(mean.x) << 16 | sRGB(mean.y) << 8 | sRGB(mean.z), 4)
        let scale = largest == nil ? 1 : Double(step + 1) / 166
        for wave in waves {
            let (red, green, blue) = (level(wave.x / scale), level(wave.y / scale), level(wave.z / scale))
            text += digits((red * 19 + green) * 19 + blue, 2)
        }
        return text
    }

    /// One of 19 levels, finer near zero.
    private static func level(_ value: Double) -> Int {
        let root = value < 0 ? -(-value).squareRoot() : value.squareRoot()
        return max(0, min(18, Int((root * 9 + 9.5).rounded(.down))))
    }

    private static func linear(_ sample: UInt8) -> Double {
        let value = Double(sample) / 255
        return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }

    private static func sRGB(_ value: Double) -> Int {
        let value = max(0, min(1, value))
        let sample = value <= 0.003_130_8 ? value * 12.92 : 1.055 * pow(value, 1 / 2.4) - 0.055
        return Int(sample * 255 + 0.5)
    }

    private static let alphabet = Array(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
    )

    private static func digits(_ number: Int, _ count: Int) -> String {
        var rest = number
        var digits: [Character] = []
        for _ in 0..<count {
            digits.append(alphabet[rest % 83])
            rest /= 83
        }
        return String(digits.reversed())
    }
}
