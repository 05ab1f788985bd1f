public import Tidemill
import TidemillValue

/// What generated jobs look like: a text or a JSON value with placeholders such as `{{index}}` in its strings.
///
/// | placeholder | gives |
/// |---|---|
/// | `index` | the job's number, from 0 |
/// | `integer:A:B` | an integer from A to B |
/// | `number:A:B`, `number:A:B:DIGITS` | a number from A to B with so many digits behind the point (3) |
/// | `choice:a\|b`, `choice:a=80\|b=20` | one of these, or one by weight |
/// | `ip` | an IPv4 address |
/// | `ip:COUNT` | one of so many addresses, the first ones much more often (Zipf's law) |
/// | `word`, `uuid`, `hex:N` | a word, a UUID, N hexadecimal digits |
/// | `time`, `time:FORMAT` | the job's moment: `start` and index / `per_second` seconds |
/// | `@NAME` | one of the list NAME, by weight; a list's entries are templates themselves |
/// | `zipf:NAME`, `zipf:NAME:EXPONENT` | one of the list NAME, the first ones much more often |
///
/// The FORMAT of a moment is `iso`, `iso_ms`, `ncsa`, `unix`, `unix_ms` or a pattern such as `%Y-%m-%d`.
///
/// A text gives strings. Inside an array or a table, a string that is one placeholder for a number gives a number.
public struct GeneratorTemplate: Sendable {
    /// A named list of templates that others refer to.
    public struct List: Sendable {
        let choices: [String]
        let weights: [UInt64]

        /// A list whose entries are equally frequent.
        public init(_ choices: [String]) {
            self.choices = choices
            weights = choices.map { _ in 1 }
        }

        /// A list of entries with weights above 0.
        public init(weighted choices: [(String, Int)]) {
            self.choices = choices.map(\.0)
            weights = choices.map { UInt64(max($0.1, 1)) }
        }
    }

    /// The moments that `time` gives.
    public struct Times: Sendable {
        let start: Int
        let perSecond: Double

        /// Moments from `start`, in seconds since 1970 began, so many jobs a second.
        public init(start: Int = 1_704_067_200, perSecond: Double = 1) {
            self.start = start
            self.perSecond = perSecond
        }
    }

    indirect enum Node: Sendable {
        case constant(Value)
        case text(TextTemplate)
        case array([Node])
        case table([(key: String, value: Node)])
    }

    let root: Node
    private let times: Times

    /// A template; the strings in `value` may have placeholders.
    ///
    /// - Throws: ``TemplateError`` for a placeholder that is none.
    public init(_ value: Value, lists: [String: List] = [:], times: Times = Times()) throws(TemplateError) {
        var parser = TemplateParser(lists: lists)
        root = try Self.node(value, &parser)
        self.times = times
    }

    private static func node(_ value: Value, _ parser: inout TemplateParser) throws(TemplateError) -> Node {
        if let text = value.text { return .text(try parser.parse(text)) }
        if let elements = value.elements {
            var nodes: [Node] = []
            for element in elements { nodes.append(try node(element, &parser)) }
            return .array(nodes)
        }
        if let fields = value.fields {
            var nodes: [(key: String, value: Node)] = []
            for field in fields { nodes.append((field.key, try node(field.value, &parser))) }
            return .table(nodes)
        }
        return .constant(value)
    }

    func moment(_ index: Int, seed: UInt64) -> Placeholder.Moment {
        let elapsed = (Double(index) / times.perSecond * 1000).rounded(.down)
        return Placeholder.Moment(index: index, seed: seed, milliseconds: times.start * 1000 + Int(elapsed))
    }

    /// The value of one job.
    public func value(at index: Int, seed: UInt64) -> Value {
        var random = GeneratorRandom(seed: seed, index: index)
        if case .text(let text) = root {
            var writer = ByteWriter()
            text.append(moment(index, seed: seed), &random, to: &writer)
            return .string(writer.take())
        }
        return Self.value(of: root, moment(index, seed: seed), &random)
    }

    private static func value(
        of node: Node,
        _ moment: Placeholder.Moment,
        _ random: inout GeneratorRandom
    ) -> Value {
        switch node {
        case .constant(let value): value
        case .text(let text): text.value(moment, &random)
        case .array(let nodes): .array(nodes.map { value(of: $0, moment, &random) })
        case .table(let fields): .table(fields.map { ($0.key, value(of: $0.value, moment, &random)) })
        }
    }
}
