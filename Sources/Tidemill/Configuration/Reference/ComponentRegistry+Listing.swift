extension ComponentRegistry {
    /// All components and their fields, for a terminal.
    public var listText: String {
        var lines: [String] = []
        for kind in ComponentKind.allCases {
            for component in components(of: kind) {
                lines.append("\(kind.rawValue) \(component.type): \(component.summary)")
                lines += FieldSpecification.lines(component.fields)
            }
            lines.append("every \(kind.rawValue) has also:")
            lines += FieldSpecification.lines(NodeFields.common(kind))
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// All components and their fields as JSON, for programs.
    public var listJSON: ConfigurationValue {
        .array(
            components.map { component in
                [
                    "kind": .string(component.kind.rawValue),
                    "type": .string(component.type),
                    "summary": .string(component.summary),
                    "fields": .array(component.fields.map(\.json)),
                ]
            }
        )
    }

    /// The reference page: the whole file, what nodes have in common, and each component.
    public var referenceMarkdown: String {
        var page = "# Configuration reference\n\n"
        page += "This page is written by `tidemill list --format markdown`.\n"
        page += "\n## The file\n\n" + FieldSpecification.table(PipelineConfiguration.fields)
        for kind in ComponentKind.allCases {
            let title = kind.rawValue.capitalized
            page += "\n## \(title)s\n\nEvery \(kind.rawValue) has:\n\n"
            page += FieldSpecification.table(NodeFields.common(kind))
            for component in components(of: kind) {
                page += "\n### \(title) `\(component.type)`\n\n\(component.summary)\n"
                if !component.fields.isEmpty { page += "\n" + FieldSpecification.table(component.fields) }
            }
        }
        return page
    }
}

extension FieldSpecification {
    /// `integer 1…4096, default 1`.
    fileprivate var facts: String {
        var facts = type.shortName
        if isRequired { facts += ", required" }
        if let defaultValue { facts += ", default \(defaultValue.json)" }
        return facts
    }

    var json: ConfigurationValue {
        var members: [ConfigurationValue.Member] = [
            .init("name", .string(name)),
            .init("type", .string(type.shortName)),
            .init("required", .boolean(isRequired)),
            .init("summary", .string(summary)),
        ]
        if let defaultValue { members.append(.init("default", defaultValue)) }
        if !examples.isEmpty { members.append(.init("examples", .array(examples))) }
        if let nested = type.nestedFields { members.append(.init("fields", .array(nested.map(\.json)))) }
        return .object(members)
    }

    /// The fields, each followed by those of the objects in it as `channel.capacity`.
    private static func flattened(
        _ fields: [FieldSpecification],
        prefix: String = ""
    ) -> [(path: String, field: FieldSpecification)] {
        fields.flatMap { field in
            let path = prefix + field.name
            return [(path, field)] + flattened(field.type.nestedFields ?? [], prefix: path + field.type.nestedJoint)
        }
    }

    static func lines(_ fields: [FieldSpecification]) -> [String] {
        let all = flattened(fields)
        let width = all.map(\.path.count).max() ?? 0
        return all.map { path, field in
            let padding = String(repeating: " ", count: width - path.count)
            return "    \(path)\(padding)  \(field.facts): \(field.summary)"
        }
    }

    /// A Markdown table.
    fileprivate static func table(_ fields: [FieldSpecification]) -> String {
        var table = "| field | type | default | meaning |\n|---|---|---|---|\n"
        for (path, field) in flattened(fields) {
            let value = field.isRequired ? "required" : field.defaultValue.map { "`\($0.json)`" } ?? ""
            let cells = ["`\(path)`", field.type.shortName, value, field.summary]
            table += "| " + cells.map(markdownCell).joined(separator: " | ") + " |\n"
        }
        return table
    }

    private static func markdownCell(_ text: String) -> String {
        String(text.flatMap { $0 == "|" ? "\\|" : $0 == "\n" ? " " : String($0) })
    }
}

extension FieldType {
    fileprivate var nestedFields: [FieldSpecification]? {
        switch self {
        case .object(let fields): fields
        case .list(.object(let fields), _): fields
        case .named(.object(let fields)): fields
        case .union(let types): types.lazy.compactMap(\.nestedFields).first
        default: nil
        }
    }

    /// What stands between a field and those of the objects in it.
    fileprivate var nestedJoint: String {
        if case .named = self { ".<name>." } else { "." }
    }
}

extension String {
    fileprivate var capitalized: String { prefix(1).uppercased() + dropFirst() }
}
