// With ``ValueDecoder`` and ``ValueEncoder`` these never run: values and bytes go through as they are. With others, such
// as those of JSON, a value is what it looks like.

extension Value: Codable {
    /// The value that a decoder has.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let bool = try? container.decode(Bool.self) {
            self = .bool(bool)
        } else if let integer = try? container.decode(Int64.self) {
            self = .integer(integer)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .string(Bytes(text))
        } else if let elements = try? container.decode([Value].self) {
            self = .array(elements)
        } else {
            self = .table(try container.decode([String: Value].self).map { ($0.key, $0.value) })
        }
    }

    /// Gives the value to an encoder.
    ///
    /// - Throws: `EncodingError` for an object, which has no other form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let bool): try container.encode(bool)
        case .integer(let integer): try container.encode(integer)
        case .number(let number): try container.encode(number)
        case .string(let bytes): try container.encode(bytes)
        case .record(let record):
            if let elements = record.elements { return try container.encode(elements) }
            try container.encode(Dictionary(record.fields ?? [], uniquingKeysWith: { $1 }))
        case .object(let object):
            let message = "an object of the type \(object.typeName) can't be encoded"
            throw EncodingError.invalidValue(self, .init(codingPath: encoder.codingPath, debugDescription: message))
        }
    }
}

extension Bytes: Codable {
    /// The UTF-8 of a string.
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    /// Gives the bytes as a string; what is not UTF-8 is replaced.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(String(self))
    }
}
