extension FieldDecoder {
    /// Decodes an object: unknown keys, missing fields, defaults, and each field by its type.
    mutating func decodeObject(
        _ members: [JSONMember],
        _ node: JSONNode,
        _ pointer: JSONPointer,
        _ fields: [FieldSpecification],
        ignoringUnknown: Bool = false
    ) -> Settings {
        var byName: [String: FieldSpecification] = [:]
        for field in fields { byName[field.name] = field }
        var values: [String: Setting] = [:]
        var given: Set<String> = []
        for member in members {
            guard let field = byName[member.key] else {
                if !ignoringUnknown { refuse(member, pointer, known: fields.map(\.name)) }
                continue
            }
            given.insert(field.name)
            let value = field.isSecret ? member.value.keptSecret : member.value
            values[field.name] = decode(value, pointer.appending(field.name), as: field.type)
        }
        for field in fields where !given.contains(field.name) {
            values[field.name] = defaultValue(of: field, node, pointer)
        }
        return Settings(values, given: given, of: fields, at: node.location, pointer, context: context)
    }

    /// Decodes an object whose keys are names that others refer to; nil if one is wrong, for without it a reference
    /// that is right would look wrong.
    mutating func decodeNamed(
        _ members: [JSONMember],
        of type: FieldType,
        _ pointer: JSONPointer
    ) -> Setting.Content? {
        let decoded = members.map { member -> (key: String, value: Setting)? in
            let place = pointer.appending(member.key)
            if !NodeFields.isIdentifier(member.key) {
                let message = "expected \(FieldType.identifier.expectation), found \(Spelling.quoted(member.key))"
                collector.add(.init(at: member.keyLocation, place, message))
            }
            return decode(member.value, place, as: type).map { (member.key, $0) }
        }
        let whole = decoded.compactMap { $0 }
        return whole.count == decoded.count ? .map(whole) : nil
    }

    private mutating func refuse(_ member: JSONMember, _ pointer: JSONPointer, known: [String]) {
        let shown = known.filter { !$0.hasPrefix("$") }
        let hint =
            Spelling.didYouMean(member.key, among: shown)
            ?? (shown.isEmpty ? "no keys are known here" : "known keys: \(shown.joined(separator: ", "))")
        let message = "unknown key \(Spelling.quoted(member.key))"
        collector.add(.init(at: member.keyLocation, pointer.appending(member.key), message, hint: hint))
    }

    private mutating func defaultValue(
        of field: FieldSpecification,
        _ node: JSONNode,
        _ pointer: JSONPointer
    ) -> Setting? {
        if let value = field.defaultValue {
            let origin = JSONNode(value, at: node.location, origin: .specification)
            var setting = decode(
                field.isSecret ? origin.keptSecret : origin,
                pointer.appending(field.name),
                as: field.type
            )
            setting?.isDefault = true
            return setting
        }
        if field.isRequired {
            let message = "the field \(Spelling.quoted(field.name)) is missing"
            let example = field.examples.first.map { ", such as \($0.json)" } ?? ""
            let hint = "it is \(field.type.expectation)\(example)"
            collector.add(.init(at: node.location, pointer, message, hint: hint))
        }
        return nil
    }

    /// Decodes a node: its `type` chooses the component, whose fields join those of every such node.
    mutating func decodeNode(
        _ members: [JSONMember],
        _ node: JSONNode,
        _ pointer: JSONPointer,
        _ role: NodeRole
    ) -> Settings {
        let common = NodeFields.common(role)
        guard let component = chooseComponent(members, node, pointer, role) else {
            // Without a type nobody knows which further keys are right: say nothing about them, nor about the
            // missing type once more.
            let fields = common.map { field in
                var field = field
                if field.name == "type" { field.isRequired = false }
                return field
            }
            return decodeObject(members, node, pointer, fields, ignoringUnknown: true)
        }
        return decodeObject(members, node, pointer, common + component.fields)
    }

    private mutating func chooseComponent(
        _ members: [JSONMember],
        _ node: JSONNode,
        _ pointer: JSONPointer,
        _ role: NodeRole
    ) -> ComponentSpecification? {
        let types = registry.components(of: role.kind).map(\.type)
        guard let type = members.first(where: { $0.key == "type" })?.value else {
            guard role == .stage else {
                let message = "the field \"type\" is missing"
                let hint = "known types: \(types.joined(separator: ", "))"
                collector.add(.init(at: node.location, pointer, message, hint: hint))
                return nil
            }
            if members.contains(where: { $0.key == "script" }) {
                return registry.specification(.stage, NodeFields.scriptType)
            }
            let hint = "\"script\" is the path of a Lua script"
            let message = "a stage needs \"script\" or \"type\""
            collector.add(.init(at: node.location, pointer, message, hint: hint))
            return nil
        }
        guard case .string(let name) = type.kind else { return nil }  // decoding refuses the wrong JSON type
        if let component = registry.specification(role.kind, name) { return component }
        let hint =
            Spelling.didYouMean(name, among: types)
            ?? otherKind(name, than: role.kind)
            ?? "known types: \(types.joined(separator: ", "))"
        let shown = type.isSecret ? "" : " \(Spelling.quoted(name))"
        let message = "unknown type\(shown) of \(role.kind.rawValue)"
        collector.add(.init(at: type.location, pointer.appending("type"), message, hint: hint))
        return nil
    }

    private func otherKind(_ type: String, than kind: ComponentKind) -> String? {
        let other = ComponentKind.allCases.first { $0 != kind && registry.specification($0, type) != nil }
        return other.map { "\(Spelling.quoted(type)) is a type of \($0.rawValue)" }
    }
}
