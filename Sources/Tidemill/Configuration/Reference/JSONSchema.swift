/// Makes JSON Schemas, draft 2020-12, of field specifications.
public enum JSONSchema {
    /// The schema of a whole configuration file with the components of a registry.
    ///
    /// Where a stage names one of the scripts, by the same path, its options are completed too.
    public static func document(
        _ registry: ComponentRegistry,
        scripts: [ScriptDescription] = []
    ) -> ConfigurationValue {
        var definitions: [ConfigurationValue.Member] = [.init(referenceName, reference)]
        for role in [NodeRole.source, .stage, .sink, .deadLetters] {
            let components = registry.components(of: role.kind)
            let choices = components.map { component -> ConfigurationValue in
                definitions.append(.init(definitionName(role, component), node(role, component, scripts)))
                return ["$ref": .string("#/$defs/" + definitionName(role, component))]
            }
            // A list of no choices is not allowed; without components nothing is right.
            definitions.append(.init(definitionName(role), choices.isEmpty ? false : ["oneOf": .array(choices)]))
        }
        var members: [ConfigurationValue.Member] = [
            .init("$schema", "https://json-schema.org/draft/2020-12/schema"),
            .init("title", "Tidemill pipeline"),
        ]
        members += object(PipelineConfiguration.fields).members
        members.append(.init("$defs", .object(definitions)))
        return .object(members)
    }

    /// The schema of an object with these fields; it refers to `#/$defs/reference`.
    public static func object(_ fields: [FieldSpecification]) -> ConfigurationValue {
        objectSchema(fields.map { .init($0.name, property($0)) }, required: fields.filter(\.isRequired).map(\.name))
    }

    /// A node of one type: the common fields, with `type` fixed, and the type's own.
    private static func node(
        _ role: NodeRole,
        _ component: ComponentSpecification,
        _ scripts: [ScriptDescription]
    ) -> ConfigurationValue {
        let fields = NodeFields.common(role) + component.fields
        let properties = fields.map { field -> ConfigurationValue.Member in
            guard field.name == "type" else { return .init(field.name, property(field)) }
            return .init("type", ["description": .string(component.summary), "const": .string(component.type)])
        }
        // A stage with a script needs no type; every other needs its own.
        let isScript = component.kind == .stage && component.type == NodeFields.scriptType
        let required = fields.filter { $0.isRequired || ($0.name == "type" && !isScript) }.map(\.name)
        let schema = objectSchema(properties, required: required)
        let rules = isScript ? scripts.compactMap(\.schemaRule) : []
        return rules.isEmpty ? schema : .object(schema.members + [.init("allOf", .array(rules))])
    }

    private static func objectSchema(
        _ properties: [ConfigurationValue.Member],
        required: [String]
    ) -> ConfigurationValue {
        var schema: [ConfigurationValue.Member] = [
            .init("type", "object"), .init("properties", .object(properties)),
        ]
        if !required.isEmpty { schema.append(.init("required", .array(required.map { .string($0) }))) }
        schema.append(.init("additionalProperties", false))
        return .object(schema)
    }

    /// A field: its documentation, and its type or a reference to a variable or a file.
    private static func property(_ field: FieldSpecification) -> ConfigurationValue {
        var schema: [ConfigurationValue.Member] = [.init("description", .string(field.summary))]
        if let value = field.defaultValue { schema.append(.init("default", value)) }
        if !field.examples.isEmpty { schema.append(.init("examples", .array(field.examples))) }
        return .object(schema + orReference(field.type).members)
    }

    /// The schema of a value of the type, or of a reference that stands for one.
    private static func orReference(_ type: FieldType) -> ConfigurationValue {
        switch type {
        case .any, .object, .map, .named, .node, .list: self.type(type)
        case .union(let types): ["anyOf": .array(types.map(self.type) + [referenceTo(referenceName)])]
        default: ["anyOf": [self.type(type), referenceTo(referenceName)]]
        }
    }

    private static func type(_ type: FieldType) -> ConfigurationValue {
        switch type {
        case .string(allowsEmpty: true): ["type": "string"]
        case .string(allowsEmpty: false), .path: ["type": "string", "minLength": 1]
        case .identifier: ["type": "string", "pattern": "^[a-z][a-z0-9_-]*$"]
        case .boolean: ["type": "boolean"]
        case .integer(let range):
            bounded("integer", range.lowerBound, .min, range.upperBound, .max) { .integer($0) }
        case .number(let range):
            bounded("number", range.lowerBound, -.infinity, range.upperBound, .infinity) { .number($0) }
        case .duration: ["type": "string", "pattern": .string(DurationText.pattern)]
        case .size(let range):
            [
                "anyOf": [
                    ["type": "string", "pattern": .string(SizeText.pattern)],
                    bounded("integer", range.lowerBound, .min, range.upperBound, .max) { .integer($0) },
                ]
            ]
        case .choice(let words): ["enum": .array(words.map { .string($0) })]
        case .list(let element, let count): list(of: element, count)
        case .map(let element): ["type": "object", "additionalProperties": orReference(element)]
        case .named(let element):
            ["type": "object", "propertyNames": self.type(.identifier), "additionalProperties": orReference(element)]
        case .object(let fields): object(fields)
        case .union(let types): ["anyOf": .array(types.map(self.type))]
        case .any: .object([])
        case .node(let role): referenceTo(definitionName(role))
        }
    }

    private static func list(of element: FieldType, _ count: ClosedRange<Int>) -> ConfigurationValue {
        var schema: [ConfigurationValue.Member] = [.init("type", "array"), .init("items", orReference(element))]
        if count.lowerBound > 0 { schema.append(.init("minItems", .integer(count.lowerBound))) }
        if count.upperBound < .max { schema.append(.init("maxItems", .integer(count.upperBound))) }
        return .object(schema)
    }

    private static func bounded<Bound: Comparable>(
        _ type: String,
        _ lower: Bound,
        _ lowest: Bound,
        _ upper: Bound,
        _ highest: Bound,
        _ value: (Bound) -> ConfigurationValue
    ) -> ConfigurationValue {
        var schema: [ConfigurationValue.Member] = [.init("type", .string(type))]
        if lower > lowest { schema.append(.init("minimum", value(lower))) }
        if upper < highest { schema.append(.init("maximum", value(upper))) }
        return .object(schema)
    }
}

extension JSONSchema {
    fileprivate static let referenceName = "reference"

    /// `{"$env": …}` and `{"$file": …}`, which may stand for any single value.
    fileprivate static let reference: ConfigurationValue = [
        "description": "A value from an environment variable or from a file; it is never shown.",
        "oneOf": [
            [
                "type": "object",
                "properties": [
                    "$env": ["type": "string", "minLength": 1, "description": "The name of the variable."],
                    "default": ["description": "What stands in where the variable is not set."],
                ],
                "required": ["$env"],
                "additionalProperties": false,
            ],
            [
                "type": "object",
                "properties": ["$file": ["type": "string", "minLength": 1, "description": "The file's path."]],
                "required": ["$file"],
                "additionalProperties": false,
            ],
        ],
    ]

    fileprivate static func referenceTo(_ name: String) -> ConfigurationValue {
        ["$ref": .string("#/$defs/\(name)")]
    }

    fileprivate static func definitionName(_ role: NodeRole, _ component: ComponentSpecification? = nil) -> String {
        let base =
            switch role {
            case .source: "source"
            case .stage: "stage"
            case .sink: "sink"
            case .deadLetters: "dead_letters"
            }
        return component.map { "\(base).\($0.type)" } ?? base
    }
}

extension ConfigurationValue {
    fileprivate var members: [Member] {
        guard case .object(let members) = self else { return [] }
        return members
    }
}
