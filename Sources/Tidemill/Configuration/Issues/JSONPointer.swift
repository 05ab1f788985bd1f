/// The path of a value in a JSON document, RFC 6901: `/stages/0/workers`.
public struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    /// The pointer's text; empty for the whole document.
    public let description: String

    /// The whole document.
    public static let root = JSONPointer(description: "")

    private static let longestKey = 64

    private init(description: String) {
        self.description = description
    }

    /// The pointer of a member of this object.
    public func appending(_ key: String) -> JSONPointer {
        var text = description + "/"
        // A key is text from outside: one of a megabyte must not be copied into each pointer below it.
        let shown = key.unicodeScalars.prefix(Self.longestKey)
        for character in shown {
            switch character {
            case "~": text += "~0"
            case "/": text += "~1"
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}":
                // Nor must a control character reach the terminal.
                text += "?"
            default: text.unicodeScalars.append(character)
            }
        }
        return JSONPointer(description: shown.endIndex == key.unicodeScalars.endIndex ? text : text + "…")
    }

    /// The pointer of an element of this array.
    public func appending(_ index: Int) -> JSONPointer {
        JSONPointer(description: "\(description)/\(index)")
    }
}
