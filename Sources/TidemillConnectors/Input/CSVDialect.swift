/// What a CSV text looks like, beyond RFC 4180.
public struct CSVDialect: Hashable, Sendable {
    /// Whether the first row names the columns, so that rows are tables; else rows are arrays.
    public var hasHeader: Bool
    /// The byte between two fields.
    public var delimiter: UInt8

    /// A dialect; RFC 4180 with a header row if nothing else is said.
    public init(hasHeader: Bool = true, delimiter: UInt8 = UInt8(ascii: ",")) {
        self.hasHeader = hasHeader
        self.delimiter = delimiter
    }
}
