extension FieldType {
    /// Whether a value of this JSON kind could be of the type at all.
    func hasShape(of kind: JSONNode.Kind) -> Bool {
        switch (self, kind) {
        case (.any, _), (.string, .string), (.identifier, .string), (.path, .string), (.choice, .string),
            (.duration, .string), (.size, .string), (.size, .integer), (.boolean, .boolean),
            (.integer, .integer), (.integer, .number), (.number, .integer), (.number, .number),
            (.list, .array), (.map, .object), (.named, .object), (.object, .object), (.node, .object):
            true
        case (.union(let types), _): types.contains { $0.hasShape(of: kind) }
        default: false
        }
    }
}

extension JSONNode {
    /// The value with everything in it marked as a secret.
    var keptSecret: JSONNode {
        var node = self
        node.isSecret = true
        switch kind {
        case .array(let elements): node.kind = .array(elements.map(\.keptSecret))
        case .object(let members):
            node.kind = .object(members.map { JSONMember($0.key, at: $0.keyLocation, $0.value.keptSecret) })
        default: break
        }
        return node
    }

    /// Text from outside as the type wants it: a variable's "8" is an integer where one is expected.
    func converted(for type: FieldType) -> JSONNode {
        guard case .external = origin, case .string(let text) = kind else { return self }
        var node = self
        switch type {
        case .boolean where text == "true" || text == "false": node.kind = .boolean(text == "true")
        case .integer, .size: if let number = Int(text) { node.kind = .integer(number) }
        case .number: if let number = Double(text), number.isFinite { node.kind = .number(number) }
        default: break
        }
        return node
    }

    /// The issue of a value that is not of the type, with the fix for the usual slips.
    func mismatch(_ type: FieldType, _ pointer: JSONPointer) -> ConfigurationIssue {
        let message = "expected \(type.expectation), found \(found)"
        return ConfigurationIssue(at: location, pointer, message, hint: isSecret ? nil : slip(type))
    }

    private func slip(_ type: FieldType) -> String? {
        switch (type, kind) {
        case (.duration, .integer(let number)): "add the unit: \"\(number)s\" or \"\(number)ms\""
        case (.duration, .number(let number)): "add the unit: \"\(number)s\""
        // One that is spelt right is out of range, and the message says that.
        case (.duration, .string(let text)) where DurationText.parse(text) == nil: "units are d, h, m, s, ms, us and ns"
        case (.size, .string(let text)) where SizeText.parse(text) == nil:
            SizeText.corrected(text).map { "write \"\($0)\"" }
        case (.integer, .string(let text)) where Int(text) != nil: "write it without quotes: \(text)"
        case (.number, .string(let text)) where Double(text) != nil: "write it without quotes"
        case (.boolean, .string("true")), (.boolean, .string("false")): "write it without quotes"
        case (.string, .integer(let number)), (.path, .integer(let number)): "write it in quotes: \"\(number)\""
        case (.choice(let words), .string(let text)): Spelling.didYouMean(text, among: words)
        case (.list, .string(let text)): "write it in brackets: [\(Spelling.quoted(text))]"
        case (.union(let types), _): types.lazy.compactMap { slip($0) }.first
        default: nil
        }
    }
}
