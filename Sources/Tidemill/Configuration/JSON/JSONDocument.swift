/// A parsed configuration file: strict JSON, with comments and trailing commas accepted.
package struct JSONDocument: Sendable {
    /// The outermost value.
    package let root: JSONNode
    /// What is wrong but did not stop the parser: a key given twice, a number that does not fit.
    package let issues: [ConfigurationIssue]

    /// What a file may take; it is read whole, and its text may be hostile.
    package struct Limits: Sendable {
        package var bytes = 4 << 20
        package var depth = 128
        package init() {}
    }

    /// Parses the bytes of a file.
    /// - Throws: the first place where the text is no JSON.
    package init(
        parsing bytes: [UInt8],
        file: String,
        limits: Limits = Limits()
    ) throws(ConfigurationError) {
        guard bytes.count <= limits.bytes else {
            let start = SourceLocation(file: file, line: 1, column: 1)
            let message = "the file has \(bytes.count) bytes, more than the \(limits.bytes) allowed"
            throw ConfigurationError([.init(at: start, .root, message)])
        }
        var parser = JSONParser(scanner: JSONScanner(bytes: bytes, file: file), depthLimit: limits.depth)
        self.root = try parser.parseDocument()
        self.issues = parser.collector.issues
    }
}
