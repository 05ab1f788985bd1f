public import TidemillValue

extension Settings {
    /// The fields as a value, as a script sees its options: paths as they can be opened, durations in seconds, sizes
    /// in bytes.
    public var payload: Value {
        .table(specification.compactMap { field in values[field.name].map { (key: field.name, value: $0.payload) } })
    }

    /// A free field as a value; an empty table where it is absent.
    public func payload(of field: String) -> Value {
        value(field)?.payload ?? [:]
    }
}

extension Setting {
    fileprivate var payload: Value {
        switch content {
        case .string(let text), .path(_, let text): .string(Bytes(text))
        case .boolean(let flag): .bool(flag)
        case .integer(let number), .size(let number): .integer(Int64(number))
        case .number(let number): .number(number)
        case .duration(let duration): .number(Double(duration.nanoseconds) / 1e9)
        case .list(let elements): .array(elements.map(\.payload))
        case .map(let members): .table(members.map { (key: $0.key, value: $0.value.payload) })
        case .object(let settings): settings.payload
        case .any(let node): node.value(redacting: false).payload
        }
    }
}

extension ConfigurationValue {
    /// The same as a job's value.
    public var payload: Value {
        switch self {
        case .null: .null
        case .boolean(let flag): .bool(flag)
        case .integer(let number): .integer(Int64(number))
        case .number(let number): .number(number)
        case .string(let text): .string(Bytes(text))
        case .array(let elements): .array(elements.map(\.payload))
        case .object(let members): .table(members.map { (key: $0.key, value: $0.value.payload) })
        }
    }

    /// A job's value as configuration; bytes that are not UTF-8 become U+FFFD.
    public init(_ value: Value) {
        switch value {
        case .null: self = .null
        case .bool(let flag): self = .boolean(flag)
        case .integer(let number): self = .integer(Int(number))
        case .number(let number): self = .number(number)
        case .string(let bytes): self = .string(String(bytes))
        case .record(let record):
            if let fields = record.fields {
                self = .object(fields.map { Member($0.key, ConfigurationValue($0.value)) })
            } else {
                self = .array((record.elements ?? []).map { ConfigurationValue($0) })
            }
        case .object(let object): self = .string("<\(object.typeName)>")
        }
    }
}
