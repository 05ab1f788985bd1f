/// What a file or standard input holds, and so what becomes a job.
public enum InputFormat: Hashable, Sendable {
    /// Every line is a job: its bytes, whatever they are, without the LF or CRLF at the end.
    case lines
    /// Every line is the JSON text of a job's value; blank lines are skipped.
    case jsonLines
    /// Every row is a job: a table of strings by column name, or an array of strings where there is no header.
    case csv(CSVDialect)
    /// The whole content is one job.
    case whole
    /// The whole content is one job, whose value is a ``Tidemill/Blob``: scripts hold it by a handle.
    case blob

    /// CSV as RFC 4180 has it, with a header row.
    public static let csv = InputFormat.csv(CSVDialect())

    /// Whether a content is one job.
    var isWhole: Bool { self == .whole || self == .blob }
}

/// How much memory one job's text may take.
public struct InputLimits: Hashable, Sendable {
    /// The longest line or row, in bytes; a longer one fails by itself; 1 MiB if nothing is said.
    public var line: Int
    /// The largest content in the formats ``InputFormat/whole`` and
    /// ``InputFormat/blob``, in bytes; a larger one fails; 64 MiB if nothing is
    /// said.
    public var whole: Int

    /// Limits, in bytes.
    public init(line: Int = 1 << 20, whole: Int = 64 << 20) {
        self.line = line
        self.whole = whole
    }
}
