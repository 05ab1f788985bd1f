/// How far a reader of lines or rows is: behind the last that it gave.
struct InputPosition: Hashable, Sendable {
    /// How many bytes were read, of the unpacked text.
    var offset = 0
    /// How many of these bytes are a last line or row that had no end yet: if it goes on, it is read again as a whole.
    var tail = 0
    /// How many lines come before ``start``.
    var line = 0
    /// How many fields a row has, where no header says so.
    var width: Int?

    /// Where reading goes on.
    var start: Int { offset - tail }
}
