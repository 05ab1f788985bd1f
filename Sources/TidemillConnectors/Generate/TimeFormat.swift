import TidemillValue

/// How a generated moment is written: a name, or a pattern as `strftime` has it.
struct TimeFormat: Sendable {
    private enum Part: Sendable {
        case text(String)
        case field(Character)
    }

    private static let named = [
        "": "%Y-%m-%dT%H:%M:%SZ", "iso": "%Y-%m-%dT%H:%M:%SZ", "iso_ms": "%Y-%m-%dT%H:%M:%S.%LZ",
        "ncsa": "%d/%b/%Y:%H:%M:%S +0000", "unix": "%s", "unix_ms": "%s%L",
    ]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

    private let parts: [Part]
    /// Whether it is nothing but a count of seconds or milliseconds.
    let isNumber: Bool

    init(_ text: String) throws(TemplateError) {
        guard let pattern = Self.named[text] ?? (text.contains("%") ? text : nil) else {
            let names = Self.named.keys.filter { !$0.isEmpty }.sorted().joined(separator: ", ")
            throw TemplateError("\"\(text)\" is no time format: \(names), or a pattern such as %Y-%m-%d")
        }
        var parts: [Part] = []
        var rest = pattern[...]
        while let sign = rest.firstIndex(of: "%") {
            if sign > rest.startIndex { parts.append(.text(String(rest[..<sign]))) }
            rest = rest[sign...].dropFirst()
            guard let field = rest.popFirst(), "YmdHMSLbazs%".contains(field) else {
                throw TemplateError("the time pattern \"\(pattern)\" may have %Y %m %d %H %M %S %L %b %a %z %s %%")
            }
            parts.append(.field(field))
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        self.parts = parts
        isNumber = text == "unix" || text == "unix_ms"
    }

    func append(milliseconds: Int, to writer: inout ByteWriter) {
        let seconds = milliseconds >= 0 ? milliseconds / 1000 : (milliseconds - 999) / 1000
        let time = CivilTime(secondsSince1970: seconds)
        for part in parts {
            switch part {
            case .text(let text): writer.append(text)
            case .field("Y"): writer.append(decimal: Int64(time.year), width: 4)
            case .field("m"): writer.append(decimal: Int64(time.month), width: 2)
            case .field("d"): writer.append(decimal: Int64(time.day), width: 2)
            case .field("H"): writer.append(decimal: Int64(time.hour), width: 2)
            case .field("M"): writer.append(decimal: Int64(time.minute), width: 2)
            case .field("S"): writer.append(decimal: Int64(time.second), width: 2)
            case .field("L"): writer.append(decimal: Int64(milliseconds - seconds * 1000), width: 3)
            case .field("b"): writer.append(Self.months[time.month - 1])
            case .field("a"): writer.append(Self.weekdays[time.weekday])
            case .field("z"): writer.append("+0000")
            case .field("s"): writer.append(decimal: Int64(seconds))
            case .field: writer.append("%")
            }
        }
    }
}

extension ByteWriter {
    /// Appends an integer's digits, with zeros in front up to `width`.
    mutating func append(decimal number: Int64, width: Int = 1) {
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 1) { digits in
            var place = 32
            var rest = number.magnitude
            while rest > 0 || 32 - place < width {
                place -= 1
                digits[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            if number < 0 {
                place -= 1
                digits[place] = UInt8(ascii: "-")
            }
            append(raw: UnsafeRawBufferPointer(rebasing: digits[place...]))
        }
    }
}
