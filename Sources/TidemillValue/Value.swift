/// What a job carries: a JSON-like value whose strings are bytes and whose integers stay integers.
///
/// Arrays and tables are never trees of Swift objects: a ``Record`` is one flat encoding, which crosses stages and
/// Lua states as it is and is read in place.
public enum Value: Sendable {
    /// JSON's null, `json.null` in Lua.
    case null
    /// A truth value.
    case bool(Bool)
    /// A 64-bit integer.
    case integer(Int64)
    /// A floating-point number; one without a fraction stays a float.
    case number(Double)
    /// A string of bytes.
    case string(Bytes)
    /// An array or a table.
    case record(Record)
    /// Bytes or pixels that the value refers to and does not contain.
    case object(ValueObject)

    /// An array of values.
    public static func array(_ elements: [Value]) -> Value { .record(Record(elements: elements)) }

    /// A table; of two fields with one key the last counts.
    public static func table(_ fields: [(key: String, value: Value)]) -> Value { .record(Record(fields: fields)) }
}

extension Value {
    /// The integer, where it is one.
    @inlinable
    public var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The number, integers included, where it is one.
    public var number: Double? {
        switch self {
        case .number(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }

    /// The truth value, where it is one.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The string's bytes, where it is one.
    public var bytes: Bytes? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The string as text, where it is one.
    public var text: String? { bytes.map { String($0) } }

    /// The elements, where it is an array.
    public var elements: [Value]? {
        if case .record(let record) = self { record.elements } else { nil }
    }

    /// The fields, where it is a table.
    public var fields: [(key: String, value: Value)]? {
        if case .record(let record) = self { record.fields } else { nil }
    }

    /// A table's field; nil where there is none, or where this is no table.
    public subscript(key: String) -> Value? {
        if case .record(let record) = self { record[key] } else { nil }
    }

    /// An array's element, counted from 0; nil where there is none, or where this is no array.
    public subscript(index: Int) -> Value? {
        if case .record(let record) = self { record[index] } else { nil }
    }

    /// About how many bytes of memory it holds on to, the same all its life, for channels that are bounded by bytes.
    @inlinable
    public var footprint: Int {
        switch self {
        case .string(let bytes): 24 + bytes.count
        case .record(let record): 24 + record.encoding.count + (record.encoding.block.objects?.size ?? 0)
        case .object(let object): 24 + object.size
        default: 24
        }
    }
}

extension Value: Equatable {
    /// Whether both are the same value; the order of a table's fields doesn't count, and 1 is not 1.0.
    public static func == (left: Value, right: Value) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left == right
        case (.record(let left), .record(let right)): left == right
        case (.object(let left), .object(let right)): left === right
        default: false
        }
    }
}

extension Value: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An integer.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// A floating-point number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// A string's UTF-8.
    public init(stringLiteral value: String) { self = .string(Bytes(value)) }
    /// An array.
    public init(arrayLiteral elements: Value...) { self = .array(elements) }
    /// A table.
    public init(dictionaryLiteral fields: (String, Value)...) {
        self = .table(fields.map { (key: $0.0, value: $0.1) })
    }
}

extension Value: CustomStringConvertible {
    /// The value as JSON, or what it is where it can't be JSON.
    public var description: String { (try? json()) ?? "<a value that is not JSON>" }
}
