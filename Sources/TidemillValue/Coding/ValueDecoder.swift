/// Makes Swift values of what jobs carry, by their `Decodable` conformance.
///
/// Tables are decoded as types with fields, arrays as collections, strings as `String` or ``Bytes``. Integers stay exact;
/// a number is decoded as an integer type only where it is a whole one that fits.
public struct ValueDecoder: Sendable {
    /// A decoder.
    public init() {}

    /// Makes a Swift value of a job's.
    ///
    /// - Throws: `DecodingError` that says where the value is not what the type wants.
    public func decode<Result: Decodable>(_ type: Result.Type, from value: Value) throws -> Result {
        try ValueDecoding(value, []).decode(type)
    }
}

/// A value at some place of another.
struct ValueDecoding: Decoder {
    let value: Value
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    init(_ value: Value, _ codingPath: [any CodingKey]) {
        self.value = value
        self.codingPath = codingPath
    }

    func decode<Result: Decodable>(_ type: Result.Type) throws -> Result {
        // Neither has a way through a decoder that loses nothing.
        if type == Value.self, let result = value as? Result { return result }
        if type == Bytes.self, case .string(let bytes) = value, let result = bytes as? Result { return result }
        return try Result(from: self)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .record(let record) = value, !record.isArray || record.count == 0 else { throw mismatch("a table") }
        return KeyedDecodingContainer(TableDecoding(record: record, codingPath: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard let elements = value.elements ?? emptyArray else { throw mismatch("an array") }
        return ArrayDecoding(elements: elements, codingPath: codingPath)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    /// A script's empty table is an array as well.
    private var emptyArray: [Value]? { if case .record(let record) = value, record.count == 0 { [] } else { nil } }

    func mismatch(_ wanted: String) -> DecodingError {
        let context = DecodingError.Context(
            codingPath: codingPath,
            debugDescription: "expected \(wanted), and it is \(kind)"
        )
        return .typeMismatch(Value.self, context)
    }

    private var kind: String {
        switch value {
        case .null: "null"
        case .bool: "a truth value"
        case .integer(let integer): "the integer \(integer)"
        case .number(let number): "the number \(number)"
        case .string: "a string"
        case .record(let record): record.isArray ? "an array" : "a table"
        case .object(let object): "an object of the type \(object.typeName)"
        }
    }
}

extension ValueDecoding: SingleValueDecodingContainer {
    func decodeNil() -> Bool { if case .null = value { true } else { false } }

    func decode(_ type: Bool.Type) throws -> Bool {
        guard let result = value.bool else { throw mismatch("a truth value") }
        return result
    }

    func decode(_ type: String.Type) throws -> String {
        guard let result = value.text else { throw mismatch("a string") }
        return result
    }

    func decode(_ type: Double.Type) throws -> Double {
        guard let result = value.number else { throw mismatch("a number") }
        return result
    }

    func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }

    private func integer<Result: FixedWidthInteger>(_ type: Result.Type) throws -> Result {
        let exact: Result? =
            switch value {
            case .integer(let integer): Result(exactly: integer)
            case .number(let number): Result(exactly: number)
            default: nil
            }
        guard let exact else { throw mismatch("an integer from \(Result.min) to \(Result.max)") }
        return exact
    }

    func decode(_ type: Int.Type) throws -> Int { try integer(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }
}

private struct TableDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let record: Record
    let codingPath: [any CodingKey]

    var allKeys: [Key] { record.fields?.compactMap { Key(stringValue: $0.key) } ?? [] }

    func contains(_ key: Key) -> Bool { record[key.stringValue] != nil }

    private func field(_ key: any CodingKey) throws -> ValueDecoding {
        guard let value = record[key.stringValue] else {
            let message = "there is no field \"\(key.stringValue)\""
            throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: message))
        }
        return ValueDecoding(value, codingPath + [key])
    }

    func decodeNil(forKey key: Key) throws -> Bool { try field(key).decodeNil() }

    func decode<Result: Decodable>(_ type: Result.Type, forKey key: Key) throws -> Result {
        try field(key).decode(type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { try field(key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try field(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { try field(FieldKey("super")) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try field(key) }
}

private struct ArrayDecoding: UnkeyedDecodingContainer {
    let elements: [Value]
    let codingPath: [any CodingKey]
    private(set) var currentIndex = 0

    init(elements: [Value], codingPath: [any CodingKey]) {
        self.elements = elements
        self.codingPath = codingPath
    }

    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    private mutating func next() throws -> ValueDecoding {
        let decoding = try here()
        currentIndex += 1
        return decoding
    }

    private func here() throws -> ValueDecoding {
        guard currentIndex < elements.count else {
            let message = "the array has only \(elements.count) elements"
            throw DecodingError.valueNotFound(Value.self, .init(codingPath: codingPath, debugDescription: message))
        }
        return ValueDecoding(elements[currentIndex], codingPath + [FieldKey(currentIndex)])
    }

    mutating func decodeNil() throws -> Bool {
        guard try here().decodeNil() else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<Result: Decodable>(_ type: Result.Type) throws -> Result {
        let result = try here().decode(type)
        currentIndex += 1
        return result
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> { try next().container(keyedBy: type) }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }
    mutating func superDecoder() throws -> any Decoder { try next() }
}

/// The name of a field, or the place of an element.
struct FieldKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(_ name: String) { (stringValue, intValue) = (name, nil) }
    init(_ index: Int) { (stringValue, intValue) = ("[\(index)]", index) }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { self.init(intValue) }
}
