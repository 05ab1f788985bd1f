/// One field: it gives the decoding, the validation, the default, the schema and the reference page.
public struct FieldSpecification: Sendable {
    /// The key in the file.
    public var name: String
    /// What it may hold.
    public var type: FieldType
    /// One or two sentences for the reference page and for editors.
    public var summary: String
    /// What stands in where the field is absent.
    public var defaultValue: ConfigurationValue?
    /// Whether the field must be there.
    public var isRequired: Bool
    /// Whether dumps and messages must not show the value.
    public var isSecret: Bool
    /// Values worth showing.
    public var examples: [ConfigurationValue]

    /// Creates a field; one without a default and not required is nil where it is absent.
    public init(
        _ name: String,
        _ type: FieldType,
        _ summary: String,
        default defaultValue: ConfigurationValue? = nil,
        required: Bool = false,
        secret: Bool = false,
        examples: [ConfigurationValue] = []
    ) {
        self.name = name
        self.type = type
        self.summary = summary
        self.defaultValue = defaultValue
        self.isRequired = required
        self.isSecret = secret
        self.examples = examples
    }
}

/// The part that a component plays in a pipeline.
public enum ComponentKind: String, Sendable, Hashable, CaseIterable {
    /// Takes jobs in.
    case source
    /// Works on jobs.
    case stage
    /// Hands jobs out.
    case sink
}

/// A type of source, stage or sink: what it is for and which fields it has.
public struct ComponentSpecification: Sendable {
    /// The part that it plays.
    public var kind: ComponentKind
    /// The word that chooses it: the node's `type`.
    public var type: String
    /// What it does, in a sentence or two.
    public var summary: String
    /// The fields beside those that every node of its kind has.
    public var fields: [FieldSpecification]

    /// Creates a specification.
    ///
    /// A field must not have the name of one that every node of the kind has, such as `inputs`.
    public init(kind: ComponentKind, type: String, summary: String, fields: [FieldSpecification] = []) {
        self.kind = kind
        self.type = type
        self.summary = summary
        self.fields = fields
        let names = fields.map(\.name)
        precondition(Set(names).count == names.count, "two fields of \(type) have one name")
        let taken = Set(NodeFields.common(kind).map(\.name)).intersection(names)
        precondition(taken.isEmpty, "every \(kind.rawValue) has these fields already: \(taken.sorted())")
    }
}

/// The types of components that a configuration may name.
public struct ComponentRegistry: Sendable {
    /// The specifications, in the order of their addition.
    public private(set) var components: [ComponentSpecification] = []

    /// A registry of these; a later one replaces an earlier one of the same kind and type.
    public init(_ components: [ComponentSpecification] = []) {
        for component in components { add(component) }
    }

    /// Adds a component, in place of the one of the same kind and type if there is one.
    public mutating func add(_ component: ComponentSpecification) {
        let same = components.firstIndex { $0.kind == component.kind && $0.type == component.type }
        if let same { components[same] = component } else { components.append(component) }
    }

    /// The specification of this kind and type.
    public func specification(_ kind: ComponentKind, _ type: String) -> ComponentSpecification? {
        components.first { $0.kind == kind && $0.type == type }
    }

    /// All of one kind, in order.
    public func components(of kind: ComponentKind) -> [ComponentSpecification] {
        components.filter { $0.kind == kind }
    }
}
