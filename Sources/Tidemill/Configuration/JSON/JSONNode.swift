/// A JSON value that knows where in the file it stands.
package struct JSONNode: Sendable {
    package enum Kind: Sendable {
        case null
        case boolean(Bool)
        case integer(Int)
        case number(Double)
        case string(String)
        case array([JSONNode])
        case object([JSONMember])
    }

    /// How the value came to be; decides whether text may stand for a number.
    package enum Origin: Sendable {
        /// Written in the file.
        case literal
        /// Text of an environment variable or of a file, which has no types: "8" may be an integer.
        case external
        /// A reference that could not be resolved; its issue is reported, so nobody reports it again.
        case unresolved
        /// A default of a field specification.
        case specification
    }

    package var kind: Kind
    package var location: SourceLocation
    package var origin = Origin.literal
    /// Whether a dump or a message must not show the value.
    package var isSecret = false

    package init(_ kind: Kind, at location: SourceLocation) {
        self.kind = kind
        self.location = location
    }

    /// The value as plain data, secrets included.
    package var value: ConfigurationValue { value(redacting: false) }

    /// The value as plain data, each secret replaced by `<redacted>` if asked for.
    package func value(redacting: Bool) -> ConfigurationValue {
        if redacting, isSecret { return .string(Settings.redacted) }
        return switch kind {
        case .null: .null
        case .boolean(let flag): .boolean(flag)
        case .integer(let number): .integer(number)
        case .number(let number): .number(number)
        case .string(let text): .string(text)
        case .array(let elements): .array(elements.map { $0.value(redacting: redacting) })
        case .object(let members):
            .object(members.map { .init($0.key, $0.value.value(redacting: redacting)) })
        }
    }

    /// A node for a value made in code, all of it at one place.
    package init(_ value: ConfigurationValue, at location: SourceLocation, origin: Origin) {
        let kind: Kind =
            switch value {
            case .null: .null
            case .boolean(let flag): .boolean(flag)
            case .integer(let number): .integer(number)
            case .number(let number): .number(number)
            case .string(let text): .string(text)
            case .array(let elements):
                .array(elements.map { JSONNode($0, at: location, origin: origin) })
            case .object(let members):
                .object(
                    members.map {
                        JSONMember($0.key, at: location, JSONNode($0.value, at: location, origin: origin))
                    }
                )
            }
        self.init(kind, at: location)
        self.origin = origin
    }

    /// What a message says was found: `the string "fast"`, never a secret.
    package var found: String {
        switch kind {
        case .null: return "null"
        case .array: return "an array"
        case .object: return "an object"
        case _ where isSecret: return "a value that is not shown"
        case .boolean(let flag): return flag ? "true" : "false"
        case .integer(let number): return "the integer \(number)"
        case .number(let number): return "the number \(number)"
        case .string(let text): return "the string \(Spelling.quoted(text))"
        }
    }
}

/// A key of an object, where it stands, and its value.
package struct JSONMember: Sendable {
    package var key: String
    package var keyLocation: SourceLocation
    package var value: JSONNode

    package init(_ key: String, at keyLocation: SourceLocation, _ value: JSONNode) {
        self.key = key
        self.keyLocation = keyLocation
        self.value = value
    }
}
