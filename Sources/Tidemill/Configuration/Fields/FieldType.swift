/// What a field of a configuration may hold.
public indirect enum FieldType: Sendable {
    /// Text.
    case string(allowsEmpty: Bool = true)
    /// The name of a node or the like: lower-case letters, digits, `_` and `-`, a letter first.
    case identifier
    /// `true` or `false`.
    case boolean
    /// A whole number in a range.
    case integer(in: ClosedRange<Int> = .min ... .max)
    /// Any number in a range.
    case number(in: ClosedRange<Double> = -.infinity ... .infinity)
    /// A span of time with its unit, as in "250ms".
    case duration(in: ClosedRange<Duration> = .zero ... .seconds(1 << 32))
    /// A number of bytes: "64KiB" or an integer.
    case size(in: ClosedRange<Int> = 0 ... .max)
    /// A path, relative to the folder of the configuration file.
    case path
    /// One of these words.
    case choice([String])
    /// A list of values of one type, with a bound on how many.
    case list(of: FieldType, count: ClosedRange<Int> = 0 ... .max)
    /// An object with free keys and values of one type.
    case map(of: FieldType)
    /// An object whose keys are names and whose values are of one type.
    case named(of: FieldType)
    /// An object with these fields.
    case object([FieldSpecification])
    /// One of several types; the first that fits decides.
    case union([FieldType])
    /// Any JSON.
    case any
    /// A source, a stage or a sink, whose `type` says which further fields it has.
    case node(NodeRole)

    /// One value, or a list of at least one.
    public static func oneOrMany(_ type: FieldType) -> FieldType {
        .union([type, .list(of: type, count: 1 ... .max)])
    }
}

/// Where in a pipeline's file a node stands; decides which fields it has beside those of its type.
public enum NodeRole: Sendable, Hashable {
    /// An element of `sources`.
    case source
    /// An element of `stages`.
    case stage
    /// An element of `sinks`.
    case sink
    /// The sink of `dead_letters`, which has neither name nor inputs.
    case deadLetters

    /// The kind of component that fits here.
    public var kind: ComponentKind {
        switch self {
        case .source: .source
        case .stage: .stage
        case .sink, .deadLetters: .sink
        }
    }
}

extension FieldType {
    /// What a message says was expected: `an integer from 1 to 4096 or "cores"`.
    var expectation: String {
        switch self {
        case .string(allowsEmpty: true): "a string"
        case .string(allowsEmpty: false): "a string that is not empty"
        case .identifier: "a name (a lower-case letter, then letters, digits, \"_\" or \"-\")"
        case .boolean: "true or false"
        case .integer(let range): "an integer" + Self.describe(range, lowest: .min, highest: .max) { "\($0)" }
        case .number(let range):
            "a number" + Self.describe(range, lowest: -.infinity, highest: .infinity) { "\($0)" }
        case .duration(let range):
            "a duration such as \"250ms\" or \"2s\""
                + Self.describe(range, lowest: .zero, highest: .seconds(1 << 32)) { DurationText.format($0) }
        case .size(let range):
            "a size such as \"64KiB\" or a number of bytes"
                + Self.describe(range, lowest: 0, highest: .max) { SizeText.format($0) }
        case .path: "a path"
        case .choice(let words): Spelling.alternatives(words.map(Spelling.quoted))
        case .list(let element, _): "a list of \(element.plural)"
        case .map, .named, .object: "an object"
        case .union(let types): Spelling.alternatives(types.map(\.expectation))
        case .any: "any JSON value"
        case .node(let role): "a \(role.kind.rawValue), which is an object"
        }
    }

    private var plural: String {
        switch self {
        case .string: "strings"
        case .identifier: "names"
        case .boolean: "booleans"
        case .integer: "integers"
        case .number: "numbers"
        case .duration: "durations"
        case .size: "sizes"
        case .path: "paths"
        case .choice, .union: "values, each \(expectation)"
        case .list: "lists"
        case .map, .named, .object: "objects"
        case .any: "values"
        case .node(let role): "\(role.kind.rawValue)s"
        }
    }

    /// A short name for lists and reference pages.
    var shortName: String {
        switch self {
        case .string: "string"
        case .identifier: "name"
        case .boolean: "boolean"
        case .integer(let range): "integer" + Self.brief(range, lowest: .min, highest: .max) { "\($0)" }
        case .number(let range): "number" + Self.brief(range, lowest: -.infinity, highest: .infinity) { "\($0)" }
        case .duration: "duration"
        case .size: "size"
        case .path: "path"
        case .choice(let words): words.map(Spelling.quoted).joined(separator: " | ")
        case .list(let element, _): "list of \(element.shortName)"
        case .map(let element): "map of \(element.shortName)"
        case .named(let element): "map of \(element.shortName) by name"
        case .object: "object"
        case .union(let types): types.map(\.shortName).joined(separator: " | ")
        case .any: "any"
        case .node(let role): role.kind.rawValue
        }
    }

    /// ` from 1 to 9`, ` of at least 1`, ` of at most 9`, or nothing.
    private static func describe<Bound: Comparable>(
        _ range: ClosedRange<Bound>,
        lowest: Bound,
        highest: Bound,
        _ text: (Bound) -> String
    ) -> String {
        switch (range.lowerBound > lowest, range.upperBound < highest) {
        case (true, true): " from \(text(range.lowerBound)) to \(text(range.upperBound))"
        case (true, false): " of at least \(text(range.lowerBound))"
        case (false, true): " of at most \(text(range.upperBound))"
        case (false, false): ""
        }
    }

    private static func brief<Bound: Comparable>(
        _ range: ClosedRange<Bound>,
        lowest: Bound,
        highest: Bound,
        _ text: (Bound) -> String
    ) -> String {
        let low = range.lowerBound > lowest ? text(range.lowerBound) : ""
        let high = range.upperBound < highest ? text(range.upperBound) : ""
        return low.isEmpty && high.isEmpty ? "" : " \(low)…\(high)"
    }
}
