#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// The name of a dead letter: when it was written and a random number, so that names sort by time and no two letters
/// of any run share one.
///
/// As text it has 23 digits of 5 bits: 10 of the time in milliseconds, 13 of the number.
package struct DeadLetterID: Hashable, Sendable, CustomStringConvertible {
    private let milliseconds: UInt64
    private let random: UInt64

    private static let timeDigits = 10
    private static let randomDigits = 13
    private static let longestTime: UInt64 = 1 << 50 - 1
    /// Without i, l, o and u, which people mistake for others.
    private static let digits = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// The name of a letter of this moment.
    package init(_ date: Date, random: UInt64) {
        let milliseconds = (date.timeIntervalSince1970 * 1000).rounded(.down)
        self.milliseconds = UInt64(min(max(milliseconds, 0), Double(Self.longestTime)))
        self.random = random
    }

    /// The name that a text is, if it is one.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == Self.timeDigits + Self.randomDigits,
            let milliseconds = Self.number(bytes.prefix(Self.timeDigits)),
            let random = Self.number(bytes.suffix(Self.randomDigits))
        else { return nil }
        self.milliseconds = milliseconds
        self.random = random
    }

    /// The name as text.
    package var description: String {
        Self.text(milliseconds, Self.timeDigits) + Self.text(random, Self.randomDigits)
    }

    private static func text(_ number: UInt64, _ count: Int) -> String {
        let bytes = (0..<count).reversed().map { digits[Int(number >> UInt64(5 * $0) & 31)] }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for byte in bytes {
            guard let digit = digits.firstIndex(of: byte), number >> 59 == 0 else { return nil }
            number = number << 5 | UInt64(digit)
        }
        return number
    }
}
