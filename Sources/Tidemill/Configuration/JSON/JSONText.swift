extension ConfigurationValue {
    /// The value as JSON on one line.
    public var json: String {
        var text = ""
        JSONText.append(self, to: &text, indent: nil)
        return text
    }

    /// The value as JSON with two spaces of indent, for people to read.
    public var prettyJSON: String {
        var text = ""
        JSONText.append(self, to: &text, indent: 0)
        return text
    }
}

/// Writes JSON.
package enum JSONText {
    /// A JSON string literal.
    ///
    /// Control characters are escaped, so the text is safe on a terminal too.
    package static func quoted(_ text: some StringProtocol) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// Appends the value; an indent of nil means one line.
    fileprivate static func append(_ value: ConfigurationValue, to text: inout String, indent: Int?) {
        switch value {
        case .null: text += "null"
        case .boolean(let flag): text += flag ? "true" : "false"
        case .integer(let number): text += String(number)
        // JSON has no infinity; the parser lets none in, so only a value made in code can get here.
        case .number(let number): text += number.isFinite ? String(number) : "null"
        case .string(let string): text += quoted(string)
        case .array(let elements):
            appendList(elements, brackets: ("[", "]"), to: &text, indent: indent) { element, text, indent in
                append(element, to: &text, indent: indent)
            }
        case .object(let members):
            appendList(members, brackets: ("{", "}"), to: &text, indent: indent) { member, text, indent in
                text += quoted(member.key) + (indent == nil ? ":" : ": ")
                append(member.value, to: &text, indent: indent)
            }
        }
    }

    private static func appendList<Item>(
        _ items: [Item],
        brackets: (open: String, close: String),
        to text: inout String,
        indent: Int?,
        appendItem: (Item, inout String, Int?) -> Void
    ) {
        text += brackets.open
        let inner = indent.map { $0 + 2 }
        for (index, item) in items.enumerated() {
            if index > 0 { text += "," }
            if let inner { text += "\n" + String(repeating: " ", count: inner) }
            appendItem(item, &text, inner)
        }
        if let indent, !items.isEmpty { text += "\n" + String(repeating: " ", count: indent) }
        text += brackets.close
    }
}
