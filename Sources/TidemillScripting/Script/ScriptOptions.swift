import Tidemill

/// The options that a script declares in its table, as field specifications: what checks a component's fields in a
/// configuration checks a script's options as well.
///
/// ```lua
/// options = {
///   limit = { type = "integer", default = 10, range = { 1, 100 }, help = "How many at most" },
///   mode = { type = "string", choices = { "fast", "safe" }, required = true },
/// }
/// ```
struct ScriptOptions {
    let fields: [FieldSpecification]

    /// Reads a script's `options` table.
    ///
    /// - Throws: ``Problem`` for a declaration that makes no sense.
    init(_ declaration: Value) throws(Problem) {
        guard let options = declaration.fields else {
            throw Problem(description: "`options` is not a table of options")
        }
        var fields: [FieldSpecification] = []
        for (name, option) in options.sorted(by: { $0.key < $1.key }) { fields.append(try Self.field(name, option)) }
        self.fields = fields
    }

    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    private static let known: Set<String> = ["type", "default", "required", "range", "choices", "help"]

    private static func field(_ name: String, _ option: Value) throws(Problem) -> FieldSpecification {
        guard let facts = option.fields else { throw Problem(description: "the option \"\(name)\" is not a table") }
        for (key, _) in facts where !known.contains(key) {
            let list = known.sorted().joined(separator: ", ")
            throw Problem(description: "the option \"\(name)\" has no use for \"\(key)\" (it knows: \(list))")
        }
        return FieldSpecification(
            name,
            try type(name, option),
            option["help"]?.text ?? "",
            default: option["default"].map { ConfigurationValue($0) },
            required: option["required"]?.bool ?? false
        )
    }

    private static func type(_ name: String, _ option: Value) throws(Problem) -> FieldType {
        if let choices = option["choices"]?.elements {
            return .choice(choices.compactMap(\.text))
        }
        let range = option["range"]?.elements ?? []
        switch option["type"]?.text {
        case "string": return .string()
        case "boolean": return .boolean
        case "integer": return .integer(in: try bounds(name, range.map(\.integer), .min, .max) { Int($0) })
        case "number": return .number(in: try bounds(name, range.map(\.number), -.infinity, .infinity) { $0 })
        case "duration": return .duration()
        case "size": return .size()
        case "path": return .path
        case "list": return .list(of: .any)
        case "table", "any": return .any
        case let other:
            throw Problem(
                description: "the option \"\(name)\" has the type \(other.map { "\"\($0)\"" } ?? "nil"); a type is one "
                    + "of string, boolean, integer, number, duration, size, path, list, table, any"
            )
        }
    }

    private static func bounds<Number, Bound: Comparable>(
        _ name: String,
        _ range: [Number?],
        _ lowest: Bound,
        _ highest: Bound,
        _ convert: (Number) -> Bound
    ) throws(Problem) -> ClosedRange<Bound> {
        if range.isEmpty { return lowest...highest }
        guard range.count == 2, let first = range[0], let last = range[1], convert(first) <= convert(last) else {
            throw Problem(description: "the option \"\(name)\" needs a `range` of two numbers, the smaller one first")
        }
        return convert(first)...convert(last)
    }
}
