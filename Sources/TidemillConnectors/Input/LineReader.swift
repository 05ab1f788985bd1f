import Glibc
import TidemillValue

/// Cuts an input into lines, which end in LF or CRLF; the last needs no end.
///
/// Used as `repeat { while let item = reader.next() { … } } while try reader.fill()`: between two fills nothing waits,
/// and what was given by then can be sent before a read that may take long.
struct LineReader: ~Copyable {
    enum Item {
        case line(Bytes)
        /// A line that is longer than allowed: its first bytes. The rest was skipped.
        case tooLong(Bytes)
    }

    /// How much of a bad line is shown.
    static let shown = 1024

    private var window: InputWindow
    private let limit: Int
    /// The number of the line that ``next()`` gave last, from 1.
    private(set) var line: Int
    /// No LF is among this many of the window's first bytes.
    private var searched = 0
    /// The first bytes of a line whose end is still to come, when it is known to be too long.
    private var skipped: Bytes?
    private var skipStart = 0
    /// How long the line was that ``next()`` gave last, if it had no end.
    private var tail = 0

    /// A reader of an input that begins at a place behind the first byte.
    init(_ input: any ByteInput, limit: Int, at start: InputPosition = InputPosition()) {
        window = InputWindow(input, at: start.start)
        line = start.line
        self.limit = limit
    }

    /// The place behind the line that ``next()`` gave last.
    var position: InputPosition {
        let offset = skipped == nil ? window.position : skipStart
        return InputPosition(offset: offset, tail: tail, line: tail > 0 ? line - 1 : line)
    }

    /// Reads on; false when the input has ended and ``next()`` has given everything.
    mutating func fill() throws -> Bool {
        try window.fill() || window.count > 0 || skipped != nil
    }

    /// The next line of what was read, or nil when it takes more.
    mutating func next() -> Item? {
        let bytes = window.bytes
        if let base = bytes.baseAddress, searched < bytes.count,
            let found = memchr(base + searched, 0x0A, bytes.count - searched)
        {
            let length = UnsafeRawPointer(found) - base
            let isCRLF = length > 0 && bytes[length - 1] == 0x0D
            return take(length + 1, text: isCRLF ? length - 1 : length)
        }
        searched = bytes.count
        if window.isComplete {
            if bytes.isEmpty, skipped == nil { return nil }
            tail = bytes.count + (skipped == nil ? 0 : window.position - skipStart)
            return take(bytes.count, text: bytes.count)
        }
        // One more byte than allowed may still be a CR.
        if skipped != nil || bytes.count > max(limit, Self.shown) + 1 { skip() }
        return nil
    }

    /// Hands on a whole line of `count` bytes, its end included.
    private mutating func take(_ count: Int, text: Int) -> Item {
        defer {
            window.take(count)
            searched = 0
            line += 1
        }
        if let head = skipped {
            skipped = nil
            return .tooLong(head)
        }
        if text > limit { return .tooLong(copy(of: text)) }
        return .line(window.slice(0, count: text))
    }

    /// Forgets what was read of a line that is too long.
    private mutating func skip() {
        if skipped == nil {
            skipped = copy(of: window.count)
            skipStart = window.position
        }
        window.take(window.count)
        searched = 0
    }

    /// Its own memory, for a bad line may be kept long and its block is large.
    private func copy(of count: Int) -> Bytes {
        Bytes(copying: UnsafeRawBufferPointer(rebasing: window.bytes.prefix(min(count, Self.shown))))
    }
}
