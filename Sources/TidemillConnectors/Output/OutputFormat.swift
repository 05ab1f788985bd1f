/// How a sink writes values.
public enum OutputFormat: Hashable, Sendable {
    /// Every value as JSON on a line of its own.
    case jsonLines
    /// Every string as a line, numbers and truth values as their text; a string with a newline in it fails, and so
    /// does null, an array or a table.
    case lines
    /// Every table as a row under a header, or every array as a row. Columns that are not named here are the fields of
    /// the first table; a field that is no column fails its job, and a missing one is empty.
    case csv(columns: [String]?, delimiter: UInt8)
    /// The bytes of strings as they are, with nothing between them.
    case raw

    /// CSV as RFC 4180 has it, with the columns of the first table.
    public static let csv = OutputFormat.csv(columns: nil, delimiter: UInt8(ascii: ","))
}

/// The reader of a pipe or a terminal has gone (`EPIPE`): the end for `tidemill run … | head`, and no failure of ours.
public struct ClosedOutput: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was written to.
    public let path: String

    /// What happened.
    public var description: String { "\(path): its reader has closed it" }
}
