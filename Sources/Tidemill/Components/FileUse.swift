/// A file that a component will read or write, known before it runs, so that a configuration in which two nodes would
/// spoil each other's file is refused.
public struct FileUse: Sendable {
    /// What is done with it.
    public enum Access: Sendable {
        /// It is read.
        case read
        /// It is written, behind what is there.
        case write
        /// It is written, and what is there is thrown away.
        case replace
        /// A source keeps its place in it, so that a later run goes on there.
        case position
        /// It is no file but something that one node alone can use, such as standard input.
        case alone
    }

    /// The file; where files are read, it may be a glob, and what is used alone has a name instead.
    public let path: String
    /// What is done with it.
    public let access: Access
    /// The field that names it.
    public let field: String
    /// Which element of the field, if that is a list.
    public let element: Int

    /// A use of the file that a field names.
    public init(_ access: Access, _ path: String, field: String, element: Int = 0) {
        self.path = path
        self.access = access
        self.field = field
        self.element = element
    }
}
