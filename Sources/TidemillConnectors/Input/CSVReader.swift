import Glibc
import TidemillValue

/// Cuts an input into CSV rows (RFC 4180), whose quoted fields may hold newlines; rows without any text are skipped.
///
/// Used like ``LineReader``. A row's ``fields`` and ``bytes(of:)`` are valid until the next call.
struct CSVReader: ~Copyable {
    enum Item {
        case row
        /// What is no row: its first bytes and what is wrong with it.
        case bad(Bytes, String)
    }

    private var window: InputWindow
    private var scanner: CSVScanner
    private let limit: Int
    /// The number of the line on which the row begins that ``next()`` gave last, from 1.
    private(set) var line = 0
    private var nextLine: Int
    /// How much of the window the row takes that was given last.
    private var given = 0
    private var isSkipping = false
    /// Where the row begins whose rest is skipped.
    private var skipStart = InputPosition()
    /// How long the row was that ``next()`` gave last, if it had no end.
    private var tail = 0

    /// A reader of an input that begins at a place behind the first byte.
    init(_ input: any ByteInput, limit: Int, delimiter: UInt8, at start: InputPosition = InputPosition()) {
        window = InputWindow(input, at: start.start)
        nextLine = start.line + 1
        scanner = CSVScanner(delimiter: delimiter)
        self.limit = limit
    }

    /// The fields of the row that ``next()`` gave last.
    var fields: [CSVScanner.Field] { scanner.fields }

    /// The bytes of a field, doubled quotes still doubled.
    func bytes(of field: CSVScanner.Field) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: window.bytes[field.start..<field.start + field.count])
    }

    /// The place behind the row that ``next()`` gave last.
    var position: InputPosition {
        if isSkipping { return skipStart }
        let passed = given > 0 ? scanner.lines : 0
        let before = tail > 0 ? line - 1 : nextLine - 1 + passed
        return InputPosition(offset: window.position + given, tail: tail, line: before)
    }

    /// How many bytes the row has that ``next()`` gave last, its line end left out.
    var textCount: Int {
        let text = window.bytes.prefix(given)
        guard tail == 0, text.last == 0x0A else { return given }
        return given - (text.dropLast().last == 0x0D ? 2 : 1)
    }

    /// A copy of the row's first bytes, to show it.
    func head() -> Bytes { copy(of: given) }

    /// Reads on; false when the input has ended and ``next()`` has given everything.
    mutating func fill() throws -> Bool {
        takeGiven()
        return try window.fill() || window.count > 0
    }

    /// Forgets a byte order mark; to be called before the first row.
    mutating func skipByteOrderMark() throws {
        while window.count < 3, try window.fill() {}
        if window.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { window.take(3) }
    }

    /// The next row of what was read, or nil when it takes more.
    mutating func next() -> Item? {
        takeGiven()
        while !isSkipping || skipToLineEnd() {
            if scanner.scan(window.bytes) {
                if !scanner.isBlank { return give() }
                beginRow(after: scanner.position)
            } else if window.isComplete {
                guard window.count > 0 else { return nil }
                guard scanner.finish() else { return giveUp("a quote is never closed") }
                tail = scanner.position
                return give()
            } else if scanner.position > limit + 2 {
                return giveUp(tooLong + (scanner.isInQuotes ? "; perhaps a quote is never closed" : ""))
            } else {
                return nil
            }
        }
        return nil
    }

    private var tooLong: String { "a row of more than \(limit) bytes (max_line)" }

    private mutating func give() -> Item {
        given = scanner.position
        line = nextLine
        if let problem = scanner.problem { return .bad(head(), problem) }
        return given > limit + 2 ? .bad(head(), tooLong) : .row
    }

    /// Says that there is no row here and goes on with the next line, for a stray quote shouldn't take more with it.
    private mutating func giveUp(_ reason: String) -> Item {
        let head = copy(of: window.count)
        line = nextLine
        skipStart = InputPosition(offset: window.position, line: nextLine - 1)
        scanner.begin()
        isSkipping = true
        _ = skipToLineEnd()
        return .bad(head, reason)
    }

    /// False when the line's end is still to come.
    private mutating func skipToLineEnd() -> Bool {
        let end = window.bytes.firstIndex(of: 0x0A)
        window.take(end.map { $0 + 1 } ?? window.count)
        guard end != nil else { return false }
        nextLine += 1
        isSkipping = false
        return true
    }

    private mutating func takeGiven() {
        guard given > 0 else { return }
        beginRow(after: given)
        given = 0
    }

    private mutating func beginRow(after count: Int) {
        window.take(count)
        nextLine += scanner.lines
        scanner.begin()
    }

    private func copy(of count: Int) -> Bytes {
        Bytes(copying: UnsafeRawBufferPointer(rebasing: window.bytes.prefix(min(count, LineReader.shown))))
    }
}

extension CSVReader {
    /// The row's fields as strings.
    func texts() -> [Bytes] { fields.map { text(of: $0) } }

    /// A field with one quote for each two.
    func text(of field: CSVScanner.Field) -> Bytes {
        var writer = ByteWriter()
        var rest = bytes(of: field)[...]
        while let quote = rest.firstIndex(of: UInt8(ascii: "\"")) {
            writer.append(raw: UnsafeRawBufferPointer(rebasing: rest[...quote]))
            rest = rest[min(quote + 2, rest.endIndex)...]
        }
        writer.append(raw: UnsafeRawBufferPointer(rebasing: rest))
        return writer.take()
    }
}
