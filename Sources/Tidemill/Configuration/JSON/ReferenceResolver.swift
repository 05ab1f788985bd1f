/// Replaces `{"$env": …}` and `{"$file": …}` by what they stand for.
///
/// It runs on the parsed values, so what a variable holds can never change the structure of the file.
struct ReferenceResolver {
    let context: ConfigurationContext
    var collector = IssueCollector()

    init(context: ConfigurationContext) {
        self.context = context
    }

    mutating func resolve(_ node: JSONNode, _ pointer: JSONPointer = .root) -> JSONNode {
        var resolved = node
        switch node.kind {
        case .array(let elements):
            resolved.kind = .array(
                elements.enumerated().map { resolve($0.element, pointer.appending($0.offset)) }
            )
        case .object(let members):
            if let name = members.first(where: { $0.key == "$env" }) {
                return resolveEnvironment(name, in: members, node, pointer)
            }
            if let path = members.first(where: { $0.key == "$file" }) {
                return resolveFile(path, in: members, node, pointer)
            }
            resolved.kind = .object(
                members.map {
                    JSONMember($0.key, at: $0.keyLocation, resolve($0.value, pointer.appending($0.key)))
                }
            )
        default: break
        }
        return resolved
    }

    private mutating func resolveEnvironment(
        _ reference: JSONMember,
        in members: [JSONMember],
        _ node: JSONNode,
        _ pointer: JSONPointer
    ) -> JSONNode {
        refuseOthers(than: ["$env", "default"], in: members, pointer)
        guard let name = text(of: reference, "the name of a variable", pointer) else { return unresolved(node) }
        if let value = context.environment[name] { return external(value, node) }
        if let fallback = members.first(where: { $0.key == "default" }) {
            var value = resolve(fallback.value, pointer.appending("default"))
            value.isSecret = true
            return value
        }
        let hint = "set it, or add \"default\""
        let message = "the environment variable \(Spelling.quoted(name)) is not set"
        collector.add(.init(at: node.location, pointer, message, hint: hint))
        return unresolved(node)
    }

    private mutating func resolveFile(
        _ reference: JSONMember,
        in members: [JSONMember],
        _ node: JSONNode,
        _ pointer: JSONPointer
    ) -> JSONNode {
        refuseOthers(than: ["$file"], in: members, pointer)
        guard let path = text(of: reference, "the path of a file", pointer) else { return unresolved(node) }
        do throws(FileReadError) {
            let bytes = try context.readFile(context.resolve(path))
            guard var content = String(validating: bytes, as: UTF8.self) else {
                throw FileReadError("it is not UTF-8 text")
            }
            // Editors and `echo` end a file with a line break that is no part of the secret.
            if content.hasSuffix("\r\n") || content.hasSuffix("\n") { content.removeLast() }
            return external(content, node)
        } catch {
            let message = "the file \(Spelling.quoted(path)) cannot be read: \(error.reason)"
            collector.add(.init(at: node.location, pointer, message))
            return unresolved(node)
        }
    }

    private mutating func refuseOthers(than known: [String], in members: [JSONMember], _ pointer: JSONPointer) {
        for member in members where !known.contains(member.key) {
            let message = "unknown key \(Spelling.quoted(member.key)) beside \(Spelling.quoted(known[0]))"
            let hint = Spelling.didYouMean(member.key, among: known)
            collector.add(.init(at: member.keyLocation, pointer.appending(member.key), message, hint: hint))
        }
    }

    private mutating func text(of member: JSONMember, _ expected: String, _ pointer: JSONPointer) -> String? {
        if case .string(let text) = member.value.kind, !text.isEmpty { return text }
        let message = "expected \(expected), found \(member.value.found)"
        collector.add(.init(at: member.value.location, pointer.appending(member.key), message))
        return nil
    }

    private func external(_ text: String, _ node: JSONNode) -> JSONNode {
        var value = JSONNode(.string(text), at: node.location)
        value.origin = .external
        value.isSecret = true
        return value
    }

    private func unresolved(_ node: JSONNode) -> JSONNode {
        var value = JSONNode(.null, at: node.location)
        value.origin = .unresolved
        return value
    }
}
