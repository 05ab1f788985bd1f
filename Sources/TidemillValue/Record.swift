import CValue

/// An array or a table in the flat encoding of `CValue.h`, or still as the JSON text that a script or source made.
public struct Record: Sendable {
    /// The encoding: one whole value that starts with its tag, or JSON text.
    public let encoding: Bytes
    /// Whether ``encoding`` is JSON text rather than the flat encoding.
    public let isText: Bool

    /// Takes bytes that are one whole flat array or table, as the Lua wall and the codec here make them.
    @inlinable
    public init(flat encoding: Bytes) {
        self.encoding = encoding
        self.isText = false
    }

    /// Takes bytes that are the JSON text of an array or a table, with no newline in it but perhaps one at its end.
    @inlinable
    public init(text encoding: Bytes) {
        self.encoding = encoding
        self.isText = true
    }

    /// An array of values.
    public init(elements: [Value]) {
        var writer = ByteWriter()
        writer.append(array: elements)
        self.init(flat: writer.take())
    }

    /// A table; of two fields with one key the last counts.
    public init(fields: [(key: String, value: Value)]) {
        var writer = ByteWriter()
        writer.append(table: Self.withoutDuplicates(fields))
        self.init(flat: writer.take())
    }

    /// The flat encoding, parsed from the text if need be; null's where the text is not JSON.
    public var flat: Bytes {
        guard isText else { return encoding }
        guard let value = try? Value(json: encoding), case .record(let record) = value else {
            return Bytes([UInt8(TIDE_ARRAY), 4, 0, 0, 0, 0, 0, 0, 0])
        }
        return record.encoding
    }

    /// Whether it is an array; else it is a table.
    public var isArray: Bool {
        encoding.withUnsafeBytes { bytes in
            let first = isText ? bytes.first { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") } : bytes.first
            return first == (isText ? UInt8(ascii: "[") : UInt8(TIDE_ARRAY))
        }
    }

    /// The tag of the flat encoding: of an array or of a table.
    package var tag: UInt8 { encoding.withUnsafeBytes { $0.first ?? 0 } }

    /// How many elements or fields it has.
    public var count: Int { ValueReader(flat).header?.count ?? 0 }

    /// The elements in order, where it is an array.
    public var elements: [Value]? {
        var reader = ValueReader(flat)
        guard let header = reader.enter(), header.tag == TIDE_ARRAY else { return nil }
        var elements: [Value] = []
        while let value = reader.next() { elements.append(value) }
        return elements
    }

    /// The fields in the order in which they were written, where it is a table.
    public var fields: [(key: String, value: Value)]? {
        var reader = ValueReader(flat)
        guard let header = reader.enter(), header.tag == TIDE_TABLE else { return nil }
        var fields: [(key: String, value: Value)] = []
        while let key = reader.nextKey(), let value = reader.next() { fields.append((String(key), value)) }
        return fields
    }

    /// The field `key`; nil where there is none, or where it is an array.
    public subscript(key: String) -> Value? {
        var reader = ValueReader(flat)
        guard let header = reader.enter(), header.tag == TIDE_TABLE else { return nil }
        var key = key
        return key.withUTF8 { wanted in
            while let found = reader.nextKey() {
                if found.withUnsafeBytes({ $0.elementsEqual(wanted) }) { return reader.next() }
                reader.skip()
            }
            return nil
        }
    }

    /// The element at `index`, counted from 0; nil where there is none, or where it is a table.
    public subscript(index: Int) -> Value? {
        var reader = ValueReader(flat)
        guard let header = reader.enter(), header.tag == TIDE_ARRAY, index >= 0, index < header.count else {
            return nil
        }
        // The header's count may be a lie.
        for _ in 0..<index where !reader.skip() { return nil }
        return reader.next()
    }

    /// Keys are bytes: two strings that differ in them are two keys, also where Unicode says that they are one text.
    private static func withoutDuplicates(_ fields: [(key: String, value: Value)]) -> [(key: String, value: Value)] {
        if areFewAndDifferent(fields) { return fields }
        var places: [Bytes: Int] = [:]
        var unique: [(key: String, value: Value)] = []
        for field in fields {
            let key = Bytes(field.key)
            if let place = places[key] {
                unique[place] = field
            } else {
                places[key] = unique.count
                unique.append(field)
            }
        }
        return unique
    }

    /// Comparing the keys of a small table, such as a message's metadata, costs less than hashing them.
    ///
    /// Keys that Unicode says are one text may differ all the same: that is for the slow way to find out.
    private static func areFewAndDifferent(_ fields: [(key: String, value: Value)]) -> Bool {
        guard fields.count <= 12 else { return false }
        for (index, field) in fields.enumerated() {
            for other in fields[..<index] where other.key == field.key { return false }
        }
        return true
    }
}

extension Record: Equatable {
    /// Whether both hold the same values; the order of a table's fields doesn't count.
    public static func == (left: Record, right: Record) -> Bool {
        if left.isArray != right.isArray { return false }
        if let left = left.elements, let right = right.elements { return left == right }
        guard let left = left.valuesByKey, let right = right.valuesByKey else { return false }
        return left == right
    }

    private var valuesByKey: [Bytes: Value]? {
        var reader = ValueReader(flat)
        guard let header = reader.enter(), header.tag == TIDE_TABLE else { return nil }
        var values: [Bytes: Value] = [:]
        while let key = reader.nextKey(), let value = reader.next() { values[key] = value }
        return values
    }
}
