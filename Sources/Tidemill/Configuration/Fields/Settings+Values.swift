// The typed ways to a field. `optionalX` answers nil where the field is absent, and, for a union, where the
// file chose another of its types; `x` is for fields that are required or have a default.
extension Settings {
    /// The text of a string, name, choice or path field.
    public func string(_ field: String) -> String { required(field, optionalString(field)) }

    /// The text of a string, name, choice or path field, if it is there; a path is resolved.
    public func optionalString(_ field: String) -> String? {
        value(field)?.content.text
    }

    /// A boolean field.
    public func boolean(_ field: String) -> Bool { required(field, optionalBoolean(field)) }

    /// A boolean field, if it is there.
    public func optionalBoolean(_ field: String) -> Bool? {
        guard case .boolean(let flag)? = value(field)?.content else { return nil }
        return flag
    }

    /// An integer field.
    public func integer(_ field: String) -> Int { required(field, optionalInteger(field)) }

    /// An integer field, if it is there.
    public func optionalInteger(_ field: String) -> Int? {
        guard case .integer(let number)? = value(field)?.content else { return nil }
        return number
    }

    /// A number field.
    public func number(_ field: String) -> Double { required(field, optionalNumber(field)) }

    /// A number field, if it is there.
    public func optionalNumber(_ field: String) -> Double? {
        guard case .number(let number)? = value(field)?.content else { return nil }
        return number
    }

    /// A duration field.
    public func duration(_ field: String) -> Duration { required(field, optionalDuration(field)) }

    /// A duration field, if it is there.
    public func optionalDuration(_ field: String) -> Duration? {
        guard case .duration(let duration)? = value(field)?.content else { return nil }
        return duration
    }

    /// A size field, in bytes.
    public func size(_ field: String) -> Int { required(field, optionalSize(field)) }

    /// A size field in bytes, if it is there.
    public func optionalSize(_ field: String) -> Int? {
        guard case .size(let bytes)? = value(field)?.content else { return nil }
        return bytes
    }

    /// The texts of a list, or of one value or a list; empty where the field is absent.
    public func strings(_ field: String) -> [String] {
        switch value(field)?.content {
        case .list(let elements)?: elements.compactMap { $0.content.text }
        case let content?: content.text.map { [$0] } ?? []
        case nil: []
        }
    }

    /// The objects of a list; empty where the field is absent.
    public func objects(_ field: String) -> [Settings] {
        guard case .list(let elements)? = value(field)?.content else { return [] }
        return elements.compactMap {
            guard case .object(let settings) = $0.content else { return nil }
            return settings
        }
    }

    /// The texts of a map by key, in the order of the file; empty where the field is absent.
    public func stringMap(_ field: String) -> [(key: String, value: String)] {
        guard case .map(let members)? = value(field)?.content else { return [] }
        return members.compactMap { member in member.value.content.text.map { (member.key, $0) } }
    }

    /// The objects of a map by key, in the order of the file; empty where the field is absent.
    public func objectMap(_ field: String) -> [(key: String, value: Settings)] {
        guard case .map(let members)? = value(field)?.content else { return [] }
        return members.compactMap { member in
            guard case .object(let settings) = member.value.content else { return nil }
            return (member.key, settings)
        }
    }

    /// A nested object.
    public func object(_ field: String) -> Settings { required(field, optionalObject(field)) }

    /// A nested object, if it is there.
    public func optionalObject(_ field: String) -> Settings? {
        guard case .object(let settings)? = value(field)?.content else { return nil }
        return settings
    }

    /// Free JSON; null where the field is absent.
    ///
    /// Any other field answers as the file would write it.
    public func any(_ field: String) -> ConfigurationValue {
        value(field)?.plain(redacting: false) ?? .null
    }

    private func required<Value>(_ field: String, _ value: Value?) -> Value {
        guard let value else {
            preconditionFailure("the field \"\(field)\" may be absent or of another type: ask for the optional")
        }
        return value
    }
}

extension Settings {
    /// All fields with their defaults, in the order of the specification; secrets as `<redacted>`.
    public var redacted: ConfigurationValue { plain(redacting: true) }

    func plain(redacting: Bool) -> ConfigurationValue {
        .object(
            specification.compactMap { field in
                values[field.name].map { .init(field.name, $0.plain(redacting: redacting)) }
            }
        )
    }
}

extension Setting.Content {
    var text: String? {
        switch self {
        case .string(let text), .path(_, let text): text
        default: nil
        }
    }
}

extension Setting {
    /// The value as the file would write it.
    func plain(redacting: Bool) -> ConfigurationValue {
        if redacting, isSecret { return .string(Settings.redacted) }
        return switch content {
        case .string(let text), .path(let text, _): .string(text)
        case .boolean(let flag): .boolean(flag)
        case .integer(let number): .integer(number)
        case .number(let number): .number(number)
        case .duration(let duration): .string(DurationText.format(duration))
        case .size(let bytes): .string(SizeText.format(bytes))
        case .list(let elements): .array(elements.map { $0.plain(redacting: redacting) })
        case .map(let members): .object(members.map { .init($0.key, $0.value.plain(redacting: redacting)) })
        case .object(let settings): settings.plain(redacting: redacting)
        case .any(let node): node.value(redacting: redacting)
        }
    }
}
