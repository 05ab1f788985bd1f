import TidemillValue

/// Reads templates and resolves the names in them.
struct TemplateParser {
    private let lists: [String: GeneratorTemplate.List]
    /// The lists that are being read: one that needs itself never ends.
    private var open: [String] = []
    private var done: [String: (pick: WeightedPick, choices: [TextTemplate])] = [:]

    init(lists: [String: GeneratorTemplate.List]) { self.lists = lists }

    mutating func parse(_ text: String) throws(TemplateError) -> TextTemplate {
        var parts: [TextTemplate.Part] = []
        var rest = text[...]
        while let start = rest.firstPlace(of: "{{") {
            guard let end = rest[start...].firstPlace(of: "}}") else {
                throw TemplateError("\"{{\" without \"}}\" in \"\(text)\"")
            }
            if start > rest.startIndex { parts.append(.text(Bytes(rest[..<start]))) }
            parts.append(.placeholder(try placeholder(String(rest[start..<end].dropFirst(2)))))
            rest = rest[end...].dropFirst(2)
        }
        if !rest.isEmpty { parts.append(.text(Bytes(rest))) }
        return TextTemplate(parts)
    }

    private mutating func placeholder(_ text: String) throws(TemplateError) -> Placeholder {
        if text.hasPrefix("@") {
            let list = try list(String(text.dropFirst()))
            return .pick(list.pick, list.choices)
        }
        let pieces = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let name = pieces[0]
        let argument = pieces.count > 1 ? pieces[1] : nil
        switch (name, argument) {
        case ("index", nil): return .index
        case ("word", nil): return .word
        case ("uuid", nil): return .uuid
        case ("ip", nil): return .address(nil)
        case ("ip", let size?):
            return .address(WeightedPick(zipf: try count(size, upTo: 1_000_000, text), exponent: 1))
        case ("hex", let size?): return .hex(try count(size, upTo: 65_536, text))
        case ("integer", let bounds?): return try integer(bounds, text)
        case ("number", let bounds?): return try number(bounds, text)
        case ("choice", let options?): return try choice(options, text)
        case ("zipf", let argument?): return try zipf(argument, text)
        case ("time", _): return .time(try TimeFormat(argument ?? ""))
        default:
            throw TemplateError(
                "\"{{\(text)}}\" is no placeholder: index, integer:A:B, number:A:B[:DIGITS], choice:A|B, ip[:COUNT], "
                    + "word, uuid, hex:N, time[:FORMAT], zipf:LIST[:EXPONENT] or @LIST"
            )
        }
    }

    private mutating func list(_ name: String) throws(TemplateError) -> (pick: WeightedPick, choices: [TextTemplate]) {
        if let found = done[name] { return found }
        guard let list = lists[name], !list.choices.isEmpty else {
            throw TemplateError("there is no list \"\(name)\" among the values")
        }
        guard !open.contains(name) else { throw TemplateError("the list \"\(name)\" needs itself") }
        open.append(name)
        var choices: [TextTemplate] = []
        for choice in list.choices { choices.append(try parse(choice)) }
        open.removeLast()
        let made = (pick: WeightedPick(weights: list.weights), choices: choices)
        done[name] = made
        return made
    }

    private func integer(_ bounds: String, _ text: String) throws(TemplateError) -> Placeholder {
        let numbers = bounds.split(separator: ":").map { Int64($0) }
        guard numbers.count == 2, let low = numbers[0], let high = numbers[1], low <= high else {
            throw TemplateError("\"{{\(text)}}\" needs two integers, the lower first: integer:1:6")
        }
        return .integer(low...high)
    }

    private func number(_ bounds: String, _ text: String) throws(TemplateError) -> Placeholder {
        let pieces = bounds.split(separator: ":").map(String.init)
        let digits = pieces.count == 3 ? Int(pieces[2]) : 3
        guard (2...3).contains(pieces.count), let low = Double(pieces[0]), let high = Double(pieces[1]), let digits,
            low <= high, (0...9).contains(digits), max(abs(low), abs(high)) < 1e9
        else {
            throw TemplateError("\"{{\(text)}}\" needs two numbers below 1e9 and perhaps 0 to 9 digits: number:0:1:3")
        }
        return .number(low: low, high: high, digits: digits)
    }

    /// With a weight behind every option (`a=80|b=20`), or behind none.
    private func choice(_ options: String, _ text: String) throws(TemplateError) -> Placeholder {
        let options = options.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        var names: [TextTemplate] = []
        var weights: [UInt64] = []
        for option in options {
            guard let sign = option.lastIndex(of: "="), let weight = UInt32(option[sign...].dropFirst()) else { break }
            names.append(TextTemplate(String(option[..<sign])))
            weights.append(UInt64(weight))
        }
        guard names.count == options.count else {
            return .pick(WeightedPick(uniform: options.count), options.map { TextTemplate($0) })
        }
        guard weights.contains(where: { $0 > 0 }) else { throw TemplateError("all weights of \"{{\(text)}}\" are 0") }
        return .pick(WeightedPick(weights: weights), names)
    }

    private mutating func zipf(_ argument: String, _ text: String) throws(TemplateError) -> Placeholder {
        let pieces = argument.split(separator: ":").map(String.init)
        let exponent = pieces.count == 2 ? Double(pieces[1]) : 1
        guard (1...2).contains(pieces.count), let exponent, exponent > 0, exponent <= 10 else {
            throw TemplateError("\"{{\(text)}}\" needs a list and perhaps an exponent: zipf:paths:1.2")
        }
        let choices = try list(pieces[0]).choices
        return .pick(WeightedPick(zipf: choices.count, exponent: exponent), choices)
    }

    private func count(_ text: String, upTo most: Int, _ placeholder: String) throws(TemplateError) -> Int {
        guard let count = Int(text), (1...most).contains(count) else {
            throw TemplateError("\"{{\(placeholder)}}\" needs a number from 1 to \(most)")
        }
        return count
    }
}

extension Substring {
    fileprivate func firstPlace(of part: String) -> Index? {
        indices.first { self[$0...].hasPrefix(part) }
    }
}
