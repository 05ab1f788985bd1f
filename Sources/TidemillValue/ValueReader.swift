import CValue

/// Walks a flat encoding value by value.
///
/// Bytes that are no encoding end the walk; they are never read past.
struct ValueReader {
    private let bytes: Bytes
    private var position = 0
    private var end: Int

    init(_ bytes: Bytes) {
        self.bytes = bytes
        end = bytes.count
    }

    /// The tag and the number of members of the array or table at the current place.
    var header: (tag: Int, count: Int)? {
        guard let tag = byte(at: position), tag == TIDE_ARRAY || tag == TIDE_TABLE, position + 9 <= end else {
            return nil
        }
        return (Int(tag), Int(word(at: position + 5)))
    }

    /// Steps into the array or table at the current place, so that ``next()`` gives its members.
    mutating func enter() -> (tag: Int, count: Int)? {
        guard let header else { return nil }
        end = min(end, position + 5 + Int(word(at: position + 1)))
        position += 9
        return header
    }

    /// The key at the current place of a table that was entered.
    mutating func nextKey() -> Bytes? {
        guard position + 4 <= end else { return nil }
        let count = Int(word(at: position))
        guard count <= end - position - 4 else { return nil }
        defer { position += 4 + count }
        return bytes.slice(position + 4..<position + 4 + count)
    }

    /// The value at the current place; arrays and tables as slices of the same memory.
    mutating func next() -> Value? {
        let size = sizeOfNext
        guard size > 0, let tag = byte(at: position) else { return nil }
        defer { position += size }
        switch Int(tag) {
        case TIDE_FALSE: return .bool(false)
        case TIDE_TRUE: return .bool(true)
        case TIDE_INTEGER: return .integer(Int64(bitPattern: long(at: position + 1)))
        case TIDE_NUMBER: return .number(Double(bitPattern: long(at: position + 1)))
        case TIDE_STRING: return .string(bytes.slice(position + 5..<position + size))
        case TIDE_ARRAY, TIDE_TABLE: return .record(Record(flat: bytes.slice(position..<position + size)))
        case TIDE_JSON: return .record(Record(text: bytes.slice(position + 5..<position + size)))
        case TIDE_OBJECT:
            return bytes.block.objects?.object(at: long(at: position + 1)).map { .object($0) } ?? .null
        default: return .null
        }
    }

    /// Steps over the value at the current place; false where there is none.
    @discardableResult
    mutating func skip() -> Bool {
        let size = sizeOfNext
        position = size > 0 ? position + size : end
        return size > 0
    }

    private var sizeOfNext: Int {
        bytes.withUnsafeBytes { all in
            guard let base = all.bindMemory(to: UInt8.self).baseAddress, position < end else { return 0 }
            return tide_value_size(base + position, end - position)
        }
    }

    private func byte(at offset: Int) -> UInt8? {
        offset < end ? bytes.withUnsafeBytes { $0[offset] } : nil
    }

    private func word(at offset: Int) -> UInt32 {
        bytes.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
    }

    private func long(at offset: Int) -> UInt64 {
        bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
    }
}
