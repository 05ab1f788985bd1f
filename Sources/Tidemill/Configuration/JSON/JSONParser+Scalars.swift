extension JSONParser {
    /// Takes a number: an integer where it is written as one, as JSON's grammar has it.
    mutating func parseNumber(_ pointer: JSONPointer) throws(ConfigurationError) -> JSONNode.Kind {
        let start = scanner.location
        var text = scanner.take("-") ? "-" : ""
        let whole = digits()
        guard !whole.isEmpty else {
            throw failure("expected a digit, found \(scanner.foundCharacter)", pointer)
        }
        if whole.count > 1, whole.hasPrefix("0") {
            throw failure("a number does not begin with 0", pointer, at: start)
        }
        text += whole
        var isInteger = true
        if scanner.take(".") {
            isInteger = false
            text += "." + (try digits(after: "\".\"", pointer))
        }
        if scanner.take("e") || scanner.take("E") {
            isInteger = false
            let sign = scanner.take("-") ? "-" : scanner.take("+") ? "+" : ""
            text += "e" + sign + (try digits(after: "the exponent's \"e\"", pointer))
        }
        if let byte = scanner.next, Self.isWord(byte) || byte == UInt8(ascii: ".") {
            let hint = "text such as \"250ms\" or \"64KiB\" needs double quotes"
            throw failure("expected the number to end, found \(scanner.foundCharacter)", pointer, hint: hint)
        }
        if isInteger {
            if let value = Int(text) { return .integer(value) }
        } else if let value = Double(text), value.isFinite {
            return .number(value)
        }
        collector.add(.init(at: start, pointer, "the number does not fit into 64 bits"))
        return isInteger ? .integer(0) : .number(0)
    }

    private mutating func digits() -> String {
        String(
            decoding: scanner.take { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) },
            as: UTF8.self
        )
    }

    private mutating func digits(
        after what: String,
        _ pointer: JSONPointer
    ) throws(ConfigurationError) -> String {
        let text = digits()
        guard !text.isEmpty else {
            throw failure("expected a digit after \(what), found \(scanner.foundCharacter)", pointer)
        }
        return text
    }

    /// Takes a string with its quotes.
    mutating func parseString(_ pointer: JSONPointer) throws(ConfigurationError) -> String {
        let start = scanner.location
        scanner.take()
        var bytes: [UInt8] = []
        while true {
            bytes += scanner.take { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
            switch scanner.next {
            case UInt8(ascii: "\""):
                scanner.take()
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw failure("the string is not valid UTF-8", pointer, at: start)
                }
                return text
            case UInt8(ascii: "\\"):
                bytes += try parseEscape(pointer)
            case nil, UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                let message = "this string is never closed: expected '\"' before \(scanner.foundCharacter)"
                throw failure(message, pointer, at: start)
            default:
                let hint = "write it as an escape, as \"\\t\" is for a tab"
                throw failure("a control character in a string", pointer, hint: hint)
            }
        }
    }

    private mutating func parseEscape(_ pointer: JSONPointer) throws(ConfigurationError) -> [UInt8] {
        let start = scanner.location
        scanner.take()
        guard let letter = scanner.take() else {
            throw failure("expected an escape after \"\\\", found the end of the file", pointer)
        }
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [letter]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            guard let scalar = parseUnicodeEscape() else {
                throw failure(
                    "expected \\u and four hexadecimal digits of a character",
                    pointer,
                    hint: "a character beyond U+FFFF is a pair of surrogates, or stands for itself",
                    at: start
                )
            }
            return Array(String(scalar).utf8)
        default:
            let hint = "a backslash is \"\\\\\""
            throw failure("unknown escape in a string", pointer, hint: hint, at: start)
        }
    }

    private mutating func parseUnicodeEscape() -> Unicode.Scalar? {
        guard let high = parseFourDigits() else { return nil }
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard (0xD800...0xDBFF).contains(high), scanner.take("\\"), scanner.take("u"),
            let low = parseFourDigits(), (0xDC00...0xDFFF).contains(low)
        else { return nil }
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
    }

    private mutating func parseFourDigits() -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = scanner.next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue,
                byte < 0x80
            else { return nil }
            scanner.take()
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
