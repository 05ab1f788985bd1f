/// Decodes parsed JSON by field specifications and collects everything that does not fit.
///
/// A value that does not fit decodes to nil, so that the rest of its object is still checked.
struct FieldDecoder {
    let context: ConfigurationContext
    let registry: ComponentRegistry
    var collector = IssueCollector()

    init(context: ConfigurationContext, registry: ComponentRegistry) {
        self.context = context
        self.registry = registry
    }

    mutating func decode(_ original: JSONNode, _ pointer: JSONPointer, as type: FieldType) -> Setting? {
        if case .unresolved = original.origin { return nil }
        let node = original.converted(for: type)
        guard let content = decodeContent(node, pointer, as: type) else { return nil }
        return Setting(content: content, location: node.location, pointer: pointer, isSecret: node.isSecret)
    }

    private mutating func decodeContent(
        _ node: JSONNode,
        _ pointer: JSONPointer,
        as type: FieldType
    ) -> Setting.Content? {
        switch (type, node.kind) {
        case (.any, _): return .any(node)
        case (.union(let types), _): return decodeUnion(node, pointer, types)
        case (.list(let element, let count), .array(let nodes)):
            return decodeList(nodes, of: element, count: count, node, pointer)
        case (.map(let element), .object(let members)):
            return .map(
                members.compactMap { member in
                    decode(member.value, pointer.appending(member.key), as: element).map { (member.key, $0) }
                }
            )
        case (.named(let element), .object(let members)):
            return decodeNamed(members, of: element, pointer)
        case (.object(let fields), .object(let members)):
            return .object(decodeObject(members, node, pointer, fields))
        case (.node(let role), .object(let members)):
            return .object(decodeNode(members, node, pointer, role))
        default:
            if let scalar = decodeScalar(node, as: type) { return scalar }
            collector.add(node.mismatch(type, pointer))
            // A misspelt name is still the one that other nodes refer to: keep their checks meaningful.
            if case (.identifier, .string(let text)) = (type, node.kind) { return .string(text) }
            return nil
        }
    }

    private func decodeScalar(_ node: JSONNode, as type: FieldType) -> Setting.Content? {
        switch (type, node.kind) {
        case (.string(let allowsEmpty), .string(let text)):
            return allowsEmpty || !text.isEmpty ? .string(text) : nil
        case (.identifier, .string(let text)):
            return NodeFields.isIdentifier(text) ? .string(text) : nil
        case (.boolean, .boolean(let flag)):
            return .boolean(flag)
        case (.integer(let range), .integer(let number)):
            return range.contains(number) ? .integer(number) : nil
        // JSON Schema counts 8.0 as an integer, and so do editors that check by it.
        case (.integer(let range), .number(let number)):
            return Int(exactly: number).flatMap { range.contains($0) ? .integer($0) : nil }
        case (.number(let range), .integer(let number)):
            return range.contains(Double(number)) ? .number(Double(number)) : nil
        case (.number(let range), .number(let number)):
            return range.contains(number) ? .number(number) : nil
        case (.duration(let range), .string(let text)):
            return DurationText.parse(text).flatMap { range.contains($0) ? .duration($0) : nil }
        case (.size(let range), .string(let text)):
            return SizeText.parse(text).flatMap { range.contains($0) ? .size($0) : nil }
        case (.size(let range), .integer(let bytes)):
            return range.contains(bytes) ? .size(bytes) : nil
        case (.path, .string(let text)):
            // C would cut the path at a NUL and open another file than the one that was checked.
            guard !text.isEmpty, !text.unicodeScalars.contains("\u{0}") else { return nil }
            return .path(written: text, resolved: context.resolve(text))
        case (.choice(let words), .string(let text)):
            return words.contains(text) ? .string(text) : nil
        default:
            return nil
        }
    }

    private mutating func decodeList(
        _ nodes: [JSONNode],
        of type: FieldType,
        count: ClosedRange<Int>,
        _ list: JSONNode,
        _ pointer: JSONPointer
    ) -> Setting.Content? {
        guard count.contains(nodes.count) else {
            let bound =
                nodes.count < count.lowerBound ? "at least \(count.lowerBound)" : "at most \(count.upperBound)"
            let found = nodes.isEmpty ? "an empty list" : "\(nodes.count)"
            collector.add(.init(at: list.location, pointer, "expected \(bound) in the list, found \(found)"))
            return nil
        }
        let decoded = nodes.enumerated().map { decode($0.element, pointer.appending($0.offset), as: type) }
        let elements = decoded.compactMap { $0 }
        // An element that failed has its issue; a shorter list would make others look wrong.
        return elements.count == decoded.count ? .list(elements) : nil
    }

    /// The first type that fits.
    ///
    /// If none does but only one is of the right shape, its issues say the most.
    private mutating func decodeUnion(
        _ node: JSONNode,
        _ pointer: JSONPointer,
        _ types: [FieldType]
    ) -> Setting.Content? {
        var failures: [IssueCollector] = []
        for type in types where type.hasShape(of: node.converted(for: type).kind) {
            var attempt = FieldDecoder(context: context, registry: registry)
            let setting = attempt.decode(node, pointer, as: type)
            if let setting, attempt.collector.isEmpty { return setting.content }
            failures.append(attempt.collector)
        }
        switch (failures.count, node.kind) {
        case (1, .array), (1, .object): collector.add(contentsOf: failures[0].issues)
        default: collector.add(node.mismatch(.union(types), pointer))
        }
        return nil
    }
}
