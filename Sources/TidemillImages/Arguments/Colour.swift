import TidemillValue

/// A colour as it was written: one number for each band, 255 being full.
struct Colour: Sendable, Hashable {
    let parts: [Double]

    init(_ parts: [Double]) { self.parts = parts }

    init?(_ value: Value) {
        if let number = value.number, number.isFinite {
            parts = [number]
        } else if let elements = value.elements {
            parts = elements.compactMap(\.number).filter(\.isFinite)
            guard parts.count == elements.count, (1...64).contains(parts.count) else { return nil }
        } else if let text = value.text, let parts = Self.parts(of: text) {
            self.parts = parts
        } else {
            return nil
        }
    }

    private static func parts(of text: String) -> [Double]? {
        switch text {
        case "black": return [0, 0, 0]
        case "white": return [255, 255, 255]
        case "transparent": return [0, 0, 0, 0]
        default: break
        }
        guard text.hasPrefix("#"), text.utf8.count == 7 || text.utf8.count == 9,
            text.utf8.dropFirst().allSatisfy(isHex),
            let number = UInt32(text.dropFirst(), radix: 16)
        else { return nil }
        let shifts: [UInt32] = text.utf8.count == 7 ? [16, 8, 0] : [24, 16, 8, 0]
        return shifts.map { Double(number >> $0 & 255) }
    }

    private static func isHex(_ byte: UInt8) -> Bool { Character(UnicodeScalar(byte)).isHexDigit }

    /// The colour in the bands of an image: a grey for all colours, a colour's lightness for a grey image, opaque
    /// where nothing else is said.
    func bands(of header: Header) throws(ImageError) -> [Double] {
        let scale = header.white / 255
        return try fitted(colours: header.colours, hasAlpha: header.hasAlpha).map { $0 * scale }
    }

    private func fitted(colours: Int, hasAlpha: Bool) throws(ImageError) -> [Double] {
        if parts.count == colours + (hasAlpha ? 1 : 0) { return parts }
        let alpha = hasAlpha ? [255.0] : []
        switch (parts.count, colours) {
        case (colours, _): return parts + alpha
        case (1, _): return [Double](repeating: parts[0], count: colours) + alpha
        case (2, 3) where hasAlpha: return [parts[0], parts[0], parts[0], parts[1]]
        case (3...4, 1): return [lightness] + (hasAlpha ? [parts.count == 4 ? parts[3] : 255] : [])
        case (4, 3): return Array(parts.prefix(3))
        default: throw ImageError(.argument, "a colour of \(parts.count) bands doesn't fit an image of \(colours)")
        }
    }

    /// The grey of the same lightness (BT.709).
    private var lightness: Double { 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] }

    /// Red, green and blue.
    var rgb: [Double] { parts.count < 3 ? [parts[0], parts[0], parts[0]] : Array(parts.prefix(3)) }

    /// Opacity from 0 to 1.
    var opacity: Double { parts.count == 4 ? parts[3] / 255 : 1 }
}
