import CZlib
import TidemillValue

/// One line of a checkpoint: a checksum of eight hexadecimal digits, a space, and a JSON object.
enum CheckpointLine {
    static func text(of value: Value) throws(JSONError) -> String {
        let json = try value.json()
        return "\(checksum(Array(json.utf8)[...])) \(json)\n"
    }

    /// The first line, which is taken away if it is whole; else nil.
    static func takeFirst(of bytes: inout ArraySlice<UInt8>) -> Value? {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = bytes[..<end]
        let json = line.dropFirst(9)
        guard line.count > 9, line.prefix(9).elementsEqual((checksum(json) + " ").utf8) else { return nil }
        guard let value = try? Value(json: Bytes(Array(json))) else { return nil }
        bytes = bytes[(end + 1)...]
        return value
    }

    /// Whether a whole line follows one that is not.
    static func isAnyBehindDamage(in bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            rest = rest[(end + 1)...]
            if takeFirst(of: &rest) != nil { return true }
        }
        return false
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> String { hexadecimal(checksum32(bytes)) }

    private static func hexadecimal(_ number: UInt32) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

/// The CRC-32 of some bytes.
func checksum32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.withUnsafeBufferPointer { UInt32(truncatingIfNeeded: crc32(0, $0.baseAddress, UInt32(clamping: $0.count))) }
}
