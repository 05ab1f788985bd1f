/// Makes what jobs carry of Swift values, by their `Encodable` conformance.
///
/// Types with fields become tables, collections arrays, and optionals that are nil are left out, or null in an array.
public struct ValueEncoder: Sendable {
    /// An encoder.
    public init() {}

    /// Makes a job's value of a Swift value.
    ///
    /// - Throws: `EncodingError` for an integer beyond 64 bits, and what the type's own encoding throws.
    public func encode(_ value: some Encodable) throws -> Value {
        let slot = EncodedSlot()
        try ValueEncoding(slot, []).encode(value)
        return slot.value
    }
}

/// Where a part of the result comes to stand; containers that are made of it fill it in later.
private final class EncodedSlot {
    enum Content {
        case value(Value)
        case table(EncodedTable)
        case array(EncodedArray)
    }

    var content = Content.value(.null)

    var value: Value {
        switch content {
        case .value(let value): value
        case .table(let table): .table(table.fields.map { ($0.key, $0.slot.value) })
        case .array(let array): .array(array.slots.map(\.value))
        }
    }
}

private final class EncodedTable {
    var fields: [(key: String, slot: EncodedSlot)] = []

    func slot(_ key: any CodingKey) -> EncodedSlot {
        if let field = fields.first(where: { $0.key == key.stringValue }) { return field.slot }
        let slot = EncodedSlot()
        fields.append((key.stringValue, slot))
        return slot
    }
}

private final class EncodedArray {
    var slots: [EncodedSlot] = []

    func next() -> EncodedSlot {
        slots.append(EncodedSlot())
        return slots[slots.count - 1]
    }
}

private struct ValueEncoding: Encoder {
    let slot: EncodedSlot
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    init(_ slot: EncodedSlot, _ codingPath: [any CodingKey]) {
        self.slot = slot
        self.codingPath = codingPath
    }

    /// The table in the slot; containers that are made one after the other fill one table.
    var table: EncodedTable {
        if case .table(let table) = slot.content { return table }
        let table = EncodedTable()
        slot.content = .table(table)
        return table
    }

    var array: EncodedArray {
        if case .array(let array) = slot.content { return array }
        let array = EncodedArray()
        slot.content = .array(array)
        return array
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(TableEncoding<Key>(table: table, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer { ArrayEncoding(array: array, codingPath: codingPath) }
    func singleValueContainer() -> any SingleValueEncodingContainer { self }
}

extension ValueEncoding: SingleValueEncodingContainer {
    func encodeNil() throws { slot.content = .value(.null) }
    func encode(_ value: Bool) throws { slot.content = .value(.bool(value)) }
    func encode(_ value: String) throws { slot.content = .value(.string(Bytes(value))) }
    func encode(_ value: Double) throws { slot.content = .value(.number(value)) }
    func encode(_ value: Float) throws { slot.content = .value(.number(Double(value))) }

    private func encode(integer: some FixedWidthInteger) throws {
        guard let exact = Int64(exactly: integer) else {
            let message = "the integer \(integer) has more than 64 bits with its sign"
            throw EncodingError.invalidValue(integer, .init(codingPath: codingPath, debugDescription: message))
        }
        slot.content = .value(.integer(exact))
    }

    func encode(_ value: Int) throws { try encode(integer: value) }
    func encode(_ value: Int8) throws { try encode(integer: value) }
    func encode(_ value: Int16) throws { try encode(integer: value) }
    func encode(_ value: Int32) throws { try encode(integer: value) }
    func encode(_ value: Int64) throws { try encode(integer: value) }
    func encode(_ value: UInt) throws { try encode(integer: value) }
    func encode(_ value: UInt8) throws { try encode(integer: value) }
    func encode(_ value: UInt16) throws { try encode(integer: value) }
    func encode(_ value: UInt32) throws { try encode(integer: value) }
    func encode(_ value: UInt64) throws { try encode(integer: value) }

    func encode<Item: Encodable>(_ value: Item) throws {
        // Neither has a way through an encoder that loses nothing.
        switch value {
        case let value as Value: slot.content = .value(value)
        case let bytes as Bytes: slot.content = .value(.string(bytes))
        default: try value.encode(to: self)
        }
    }
}

private struct TableEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let table: EncodedTable
    let codingPath: [any CodingKey]

    private func field(_ key: any CodingKey) -> ValueEncoding { ValueEncoding(table.slot(key), codingPath + [key]) }

    func encodeNil(forKey key: Key) throws { try field(key).encodeNil() }
    func encode<Item: Encodable>(_ value: Item, forKey key: Key) throws { try field(key).encode(value) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) -> KeyedEncodingContainer<Nested> { field(key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { field(key).unkeyedContainer() }
    func superEncoder() -> any Encoder { field(FieldKey("super")) }
    func superEncoder(forKey key: Key) -> any Encoder { field(key) }
}

private struct ArrayEncoding: UnkeyedEncodingContainer {
    let array: EncodedArray
    let codingPath: [any CodingKey]

    var count: Int { array.slots.count }

    private func next() -> ValueEncoding { ValueEncoding(array.next(), codingPath + [FieldKey(count)]) }

    func encodeNil() throws { try next().encodeNil() }
    func encode<Item: Encodable>(_ value: Item) throws { try next().encode(value) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        next().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { next().unkeyedContainer() }
    func superEncoder() -> any Encoder { next() }
}
