package import TidemillValue

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The form in which dead letters keep values: JSON text gives every value back exactly.
///
/// Most values are their own form. What JSON has no words for is a table with one field whose name says what it is:
///
/// | form | value |
/// |---|---|
/// | `{"$base64": "…"}` | a string that is not UTF-8 |
/// | `{"$number": "nan"}`, `"inf"`, `"-inf"` | a number that is not finite |
/// | `{"$table": [[key, value], …]}` | a table with a key that is not UTF-8, or one that looks like a form |
/// | `{"$object": {"type": …, "base64": …}}` | a blob, an image; `"lost"` says why instead where it has no bytes |
/// | `{"$json": "…"}` | an array or a table that is nested too deep, as text |
package enum ExactValue {
    private enum Form: String {
        case base64 = "$base64"
        case number = "$number"
        case table = "$table"
        case json = "$json"
        case object = "$object"
    }

    /// JSON's readers take 64 levels, and the letter around a value needs some of them.
    private static let levels = 40
    /// How many levels one table takes at most.
    private static let levelsOfTable = 3

    // MARK: Encoding

    /// The form of a value.
    package static func encode(_ value: Value) -> Value { encode(value, levels: levels) }

    private static func encode(_ value: Value, levels: Int) -> Value {
        switch value {
        case .null, .bool, .integer: return value
        case .number(let number):
            if number.isFinite { return value }
            return form(.number, .string(number.isNaN ? "nan" : number > 0 ? "inf" : "-inf"))
        case .string(let bytes): return encode(bytes)
        case .record(let record):
            guard levels >= levelsOfTable else { return form(.json, .string(Bytes(encode(value).description))) }
            if let elements = record.elements { return .array(elements.map { encode($0, levels: levels - 1) }) }
            return encode(record.entries ?? [], levels: levels)
        case .object(let object): return encode(object)
        }
    }

    private static func encode(_ object: ValueObject) -> Value {
        let type = Value.string(Bytes(object.typeName))
        do {
            return form(.object, ["type": type, "base64": .string(Bytes(base64(try object.archived())))])
        } catch {
            return form(.object, ["type": type, "lost": .string(Bytes(String(describing: error)))])
        }
    }

    private static func base64(_ bytes: Bytes) -> String { Data(Array(bytes)).base64EncodedString() }

    private static func encode(_ bytes: Bytes) -> Value {
        bytes.isText ? .string(bytes) : form(.base64, .string(Bytes(base64(bytes))))
    }

    private static func encode(_ entries: [(key: Bytes, value: Value)], levels: Int) -> Value {
        let looksLikeForm = entries.count == 1 && Form(rawValue: String(entries[0].key)) != nil
        if !looksLikeForm, entries.allSatisfy(\.key.isText) {
            return .record(Record(entries: entries.map { ($0.key, encode($0.value, levels: levels - 1)) }))
        }
        let pairs = entries.map { entry in
            Value.array([encode(entry.key), encode(entry.value, levels: levels - levelsOfTable)])
        }
        return form(.table, .array(pairs))
    }

    private static func form(_ form: Form, _ content: Value) -> Value { [form.rawValue: content] }

    // MARK: Decoding

    /// The value of a form.
    ///
    /// - Throws: ``DeadLetterProblem`` where it is none, which ``encode(_:)`` never makes.
    package static func decode(_ value: Value) throws(DeadLetterProblem) -> Value {
        guard case .record(let record) = value else { return value }
        if let elements = record.elements {
            var decoded: [Value] = []
            for element in elements { decoded.append(try decode(element)) }
            return .array(decoded)
        }
        let entries = record.entries ?? []
        if entries.count == 1, let form = Form(rawValue: String(entries[0].key)) {
            return try decode(form, entries[0].value)
        }
        var decoded: [(key: Bytes, value: Value)] = []
        for entry in entries { decoded.append((entry.key, try decode(entry.value))) }
        return .record(Record(entries: decoded))
    }

    private static func decode(_ form: Form, _ content: Value) throws(DeadLetterProblem) -> Value {
        switch (form, content) {
        case (.base64, .string(let text)):
            if let data = Data(base64Encoded: String(text)) { return .string(Bytes(Array(data))) }
        case (.number, .string("nan")): return .number(.nan)
        case (.number, .string("inf")): return .number(.infinity)
        case (.number, .string("-inf")): return .number(-.infinity)
        case (.json, .string(let text)):
            if let value = try? Value(json: text) { return try decode(value) }
        case (.object, .record):
            if let object = try decode(object: content) { return .object(object) }
        case (.table, .record(let record)):
            if let pairs = record.elements { return try decode(pairs: pairs) }
        default: break
        }
        throw DeadLetterProblem("a \"\(form.rawValue)\" that is none")
    }

    private static func decode(object: Value) throws(DeadLetterProblem) -> ValueObject? {
        guard let type = object["type"]?.text else { return nil }
        if let reason = object["lost"]?.text {
            throw DeadLetterProblem("its \(type) could not be kept when it failed: \(reason)")
        }
        guard let text = object["base64"]?.text, let data = Data(base64Encoded: text) else { return nil }
        let contents = Bytes(Array(data))
        return type == "blob" ? Blob(contents) : ArchivedObject(type: type, contents: contents)
    }

    private static func decode(pairs: [Value]) throws(DeadLetterProblem) -> Value {
        var entries: [(key: Bytes, value: Value)] = []
        var seen: Set<Bytes> = []
        for pair in pairs {
            guard let pair = pair.elements, pair.count == 2, case .string(let key) = try decode(pair[0]),
                seen.insert(key).inserted
            else { throw DeadLetterProblem("a \"$table\" that is none") }
            entries.append((key, try decode(pair[1])))
        }
        return .record(Record(entries: entries))
    }
}

/// Why something is no dead letter.
package struct DeadLetterProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    package let description: String

    package init(_ description: String) { self.description = description }
}

extension Bytes {
    fileprivate var isText: Bool {
        withUnsafeBytes { String(validating: $0, as: UTF8.self) != nil }
    }
}
