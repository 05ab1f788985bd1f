/// The decoded and validated fields of one object of a configuration: a component's, or one nested in it.
///
/// Asking for a field that the specification lacks, or for one as a type that it cannot have, is a mistake in
/// the program and stops it. What the file says can never do that: it was checked before.
public struct Settings: Sendable {
    /// Where the object stands in the file.
    public let location: SourceLocation
    /// The object's path in the file.
    public let pointer: JSONPointer

    /// What a secret prints as.
    package static let redacted = "<redacted>"

    let specification: [FieldSpecification]
    let values: [String: Setting]
    let given: Set<String>
    let context: ConfigurationContext

    /// Whether the field has a value: one given, or a default.
    public func has(_ field: String) -> Bool { value(field) != nil }

    /// Whether the file itself gives the field, so that its value is no default.
    public func isGiven(_ field: String) -> Bool { given.contains(field) }

    /// The field's decoded value; nil where it is absent.
    func value(_ field: String) -> Setting? {
        if let value = values[field] { return value }
        precondition(specification.contains { $0.name == field }, "no field \"\(field)\" at \(pointer)")
        return nil
    }

    /// An issue at a field: at its value if it is given, else at the object.
    public func issue(at field: String, _ message: String, hint: String? = nil) -> ConfigurationIssue {
        guard let value = value(field), !value.isDefault else {
            return ConfigurationIssue(at: location, pointer, message, hint: hint)
        }
        return ConfigurationIssue(at: value.location, value.pointer, message, hint: hint)
    }

    /// An issue at one element of a list; at the field itself if it is no list or not so long.
    public func issue(
        at field: String,
        element index: Int,
        _ message: String,
        hint: String? = nil
    ) -> ConfigurationIssue {
        guard case .list(let elements)? = value(field)?.content, isGiven(field), elements.indices.contains(index)
        else { return issue(at: field, message, hint: hint) }
        let element = elements[index]
        return ConfigurationIssue(at: element.location, element.pointer, message, hint: hint)
    }

    /// An issue of the whole object.
    public func issue(_ message: String, hint: String? = nil) -> ConfigurationIssue {
        ConfigurationIssue(at: location, pointer, message, hint: hint)
    }

    /// Decodes a free field (`any`) with a specification that is known only now, such as a script's own.
    ///
    /// An absent field counts as an empty object, so that defaults apply and required fields are missed.
    /// - Throws: all that does not fit, with places in the file.
    public func decode(_ field: String, as fields: [FieldSpecification]) throws(ConfigurationError) -> Settings {
        let node: JSONNode
        let place: JSONPointer
        switch value(field) {
        case nil: (node, place) = (JSONNode(.object([]), at: location), pointer.appending(field))
        case let value?:
            guard case .any(let free) = value.content else { preconditionFailure("\(field) is not a free field") }
            (node, place) = (free, value.pointer)
        }
        return try Settings(decoding: node, place, as: fields, context: context)
    }

    /// Decodes values made in code, for tests and for components that are built without a file.
    /// - Throws: all that does not fit; the places are those of a file `<code>`.
    public init(
        _ value: ConfigurationValue,
        as fields: [FieldSpecification],
        context: ConfigurationContext = ConfigurationContext()
    ) throws(ConfigurationError) {
        let place = SourceLocation(file: "<code>", line: 1, column: 1)
        let node = JSONNode(value, at: place, origin: .literal)
        try self.init(decoding: node, .root, as: fields, context: context)
    }

    private init(
        decoding node: JSONNode,
        _ pointer: JSONPointer,
        as fields: [FieldSpecification],
        context: ConfigurationContext
    ) throws(ConfigurationError) {
        var decoder = FieldDecoder(context: context, registry: ComponentRegistry())
        let setting = decoder.decode(node, pointer, as: .object(fields))
        try decoder.collector.finish()
        guard case .object(let settings)? = setting?.content else {
            throw ConfigurationError([.init(at: node.location, pointer, "expected an object")])
        }
        self = settings
    }

    init(
        _ values: [String: Setting],
        given: Set<String>,
        of specification: [FieldSpecification],
        at location: SourceLocation,
        _ pointer: JSONPointer,
        context: ConfigurationContext
    ) {
        self.values = values
        self.given = given
        self.specification = specification
        self.location = location
        self.pointer = pointer
        self.context = context
    }
}

/// One decoded value and where it stands.
struct Setting: Sendable {
    indirect enum Content: Sendable {
        case string(String)
        case boolean(Bool)
        case integer(Int)
        case number(Double)
        case duration(Duration)
        case size(Int)
        case path(written: String, resolved: String)
        case list([Setting])
        case map([(key: String, value: Setting)])
        case object(Settings)
        case any(JSONNode)
    }

    var content: Content
    var location: SourceLocation
    var pointer: JSONPointer
    var isSecret = false
    var isDefault = false
}
