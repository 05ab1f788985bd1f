/// A JSON value as plain data: what a free field such as a stage's `options` holds.
///
/// Objects keep the order of their members. Integers and numbers stay apart: `1` is not `1.0`.
public indirect enum ConfigurationValue: Sendable, Hashable {
    /// JSON `null`.
    case null
    /// `true` or `false`.
    case boolean(Bool)
    /// A number written without fraction and exponent.
    case integer(Int)
    /// Any other number.
    case number(Double)
    /// Text.
    case string(String)
    /// A list.
    case array([ConfigurationValue])
    /// Members in the order of the file.
    case object([Member])

    /// A name and its value in an object.
    public struct Member: Sendable, Hashable {
        /// The name.
        public var key: String
        /// The value.
        public var value: ConfigurationValue

        /// Creates a member.
        public init(_ key: String, _ value: ConfigurationValue) {
            self.key = key
            self.value = value
        }
    }

    /// The member of this name; nil if there is none or this is no object.
    public subscript(key: String) -> ConfigurationValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// The members' names in order; empty unless this is an object.
    public var keys: [String] {
        guard case .object(let members) = self else { return [] }
        return members.map(\.key)
    }

    /// The elements; empty unless this is an array.
    public var elements: [ConfigurationValue] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    /// The text; nil unless this is a string.
    public var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }
}

extension ConfigurationValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An integer.
    public init(integerLiteral value: Int) { self = .integer(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// A boolean.
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    /// JSON null.
    public init(nilLiteral: ()) { self = .null }
    /// An array.
    public init(arrayLiteral elements: ConfigurationValue...) { self = .array(elements) }
    /// An object whose members keep the literal's order.
    public init(dictionaryLiteral elements: (String, ConfigurationValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}
