/// Finds the fields and the end of one CSV row in bytes that may arrive in pieces.
struct CSVScanner {
    /// Where a field lies in its row, the quotes around it left out.
    struct Field: Equatable {
        var start: Int
        var count: Int
        /// How many doubled quotes are in it.
        var doubled = 0
    }

    private enum State { case fieldStart, plain, quoted, quoteInQuoted, broken }

    private static let quote = UInt8(ascii: "\"")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    private let delimiter: UInt8
    private var state = State.fieldStart
    private var start = 0
    private var doubled = 0
    /// How far the scan is, from the row's first byte.
    private(set) var position = 0
    /// How many line ends were passed.
    private(set) var lines = 0
    private(set) var fields: [Field] = []
    /// Why it is no row; it ends with its line then.
    private(set) var problem: String?

    init(delimiter: UInt8) { self.delimiter = delimiter }

    var isInQuotes: Bool { state == .quoted }

    /// Whether there was nothing but the line's end.
    var isBlank: Bool { fields == [Field(start: 0, count: 0)] }

    /// Begins a new row.
    mutating func begin() {
        state = .fieldStart
        position = 0
        lines = 0
        problem = nil
        fields.removeAll(keepingCapacity: true)
    }

    /// Goes on where it stopped, in `bytes`, which begin with the row; true when the row's end was passed.
    mutating func scan(_ bytes: UnsafeRawBufferPointer) -> Bool {
        while position < bytes.count {
            switch state {
            case .fieldStart: beginField(bytes[position])
            case .plain: if scanPlain(bytes) { return true }
            case .quoted: scanQuoted(bytes)
            case .quoteInQuoted:
                let isAtCarriageReturn = bytes[position] == Self.carriageReturn
                if isAtCarriageReturn, position + 1 == bytes.count { return false }
                if scanAfterQuote(bytes[position], isCRLF: isAtCarriageReturn && bytes[position + 1] == Self.lineFeed) {
                    return true
                }
            case .broken:
                position += 1
                if bytes[position - 1] == Self.lineFeed { return endRow() }
            }
        }
        return false
    }

    /// Ends the row at the input's end; false inside quotes.
    mutating func finish() -> Bool {
        switch state {
        case .quoted: return false
        case .fieldStart: fields.append(Field(start: position, count: 0))
        case .plain: fields.append(Field(start: start, count: position - start))
        case .quoteInQuoted: endQuoted(at: position)
        case .broken: break
        }
        return true
    }

    private mutating func beginField(_ byte: UInt8) {
        start = position
        state = .plain
        guard byte == Self.quote else { return }
        position += 1
        start = position
        doubled = 0
        state = .quoted
    }

    private mutating func scanPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = position
        defer { position = index }
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == delimiter {
                fields.append(Field(start: start, count: index - 1 - start))
                state = .fieldStart
                return false
            }
            if byte == Self.lineFeed {
                let isCRLF = index - 1 > start && bytes[index - 2] == Self.carriageReturn
                fields.append(Field(start: start, count: index - 1 - start - (isCRLF ? 1 : 0)))
                return endRow()
            }
            if byte == Self.quote {
                fail("a quote inside a field that is not quoted")
                return false
            }
        }
        return false
    }

    private mutating func scanQuoted(_ bytes: UnsafeRawBufferPointer) {
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == Self.lineFeed { lines += 1 }
            if byte == Self.quote {
                state = .quoteInQuoted
                return
            }
        }
    }

    private mutating func scanAfterQuote(_ byte: UInt8, isCRLF: Bool) -> Bool {
        if byte == Self.quote {
            doubled += 1
            state = .quoted
            position += 1
        } else if byte == delimiter {
            endQuoted(at: position)
            state = .fieldStart
            position += 1
        } else if byte == Self.lineFeed || isCRLF {
            endQuoted(at: position)
            position += isCRLF ? 2 : 1
            return endRow()
        } else {
            fail("text behind a closing quote")
        }
        return false
    }

    private mutating func endQuoted(at end: Int) {
        fields.append(Field(start: start, count: end - 1 - start, doubled: doubled))
    }

    private mutating func endRow() -> Bool {
        lines += 1
        return true
    }

    private mutating func fail(_ reason: String) {
        problem = reason
        state = .broken
    }
}
