/// Walks the bytes of a JSON file and knows the line and column of each.
///
/// Every read is bounds-checked and answers nil at the end: the bytes are from outside.
struct JSONScanner {
    private let bytes: [UInt8]
    private let file: String
    private var offset = 0
    private var line = 1
    private var column = 1

    init(bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
    }

    var location: SourceLocation { SourceLocation(file: file, line: line, column: column) }

    /// The next byte, not taken; nil at the end.
    var next: UInt8? { peek(0) }

    func peek(_ distance: Int) -> UInt8? {
        let index = offset + distance
        return index < bytes.count ? bytes[index] : nil
    }

    /// Takes a byte.
    ///
    /// The column counts characters: a continuation byte of UTF-8 adds nothing.
    @discardableResult
    mutating func take() -> UInt8? {
        guard let byte = next else { return nil }
        offset += 1
        if byte == UInt8(ascii: "\n") {
            line += 1
            column = 1
        } else if byte & 0xC0 != 0x80 {
            column += 1
        }
        return byte
    }

    /// Takes the byte if it is this one.
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        take()
        return true
    }

    /// Takes bytes as long as they pass.
    mutating func take(while passes: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let start = offset
        while let byte = next, passes(byte) { take() }
        return bytes[start..<offset]
    }

    /// Takes white space and comments.
    /// - Throws: a comment that is never closed.
    mutating func skipBlanks() throws(ConfigurationError) {
        while let byte = next {
            switch (byte, peek(1)) {
            case (0x20, _), (0x09, _), (0x0A, _), (0x0D, _):
                take()
            case (UInt8(ascii: "/"), UInt8(ascii: "/")):
                _ = take { $0 != UInt8(ascii: "\n") }
            case (UInt8(ascii: "/"), UInt8(ascii: "*")):
                try skipBlockComment()
            default:
                return
            }
        }
    }

    private mutating func skipBlockComment() throws(ConfigurationError) {
        let start = location
        take()
        take()
        while let byte = take() {
            if byte == UInt8(ascii: "*"), take("/") { return }
        }
        throw ConfigurationError([.init(at: start, .root, "this comment is never closed", hint: "add */")])
    }

    /// The next character as a message shows it.
    var foundCharacter: String {
        guard let first = next else { return "the end of the file" }
        if first == UInt8(ascii: "\n") || first == UInt8(ascii: "\r") { return "the end of the line" }
        let text = String(decoding: bytes[offset...].prefix(4), as: UTF8.self)
        guard let scalar = text.unicodeScalars.first else { return "the end of the file" }
        return scalar == "\"" ? "'\"'" : Spelling.quoted(String(scalar))
    }
}
