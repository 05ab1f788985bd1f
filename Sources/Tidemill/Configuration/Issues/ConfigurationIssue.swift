/// One thing that is wrong with a configuration, where it is, and what to do about it.
public struct ConfigurationIssue: Sendable, Hashable, CustomStringConvertible {
    /// Where in the file.
    public var location: SourceLocation
    /// Which value.
    public var pointer: JSONPointer
    /// What is wrong, as one clause without a full stop.
    public var message: String
    /// What would make it right, if that is known.
    public var hint: String?

    /// Creates an issue.
    public init(at location: SourceLocation, _ pointer: JSONPointer, _ message: String, hint: String? = nil) {
        self.location = location
        self.pointer = pointer
        self.message = message
        self.hint = hint
    }

    /// `file:line:column: /json/pointer: what is wrong (hint: …)`, on one line.
    public var description: String {
        let path = pointer == .root ? "" : "\(pointer): "
        let advice = hint.map { " (hint: \($0))" } ?? ""
        return "\(location): \(path)\(message)\(advice)"
    }
}

/// Everything that is wrong with a configuration, in the order of the file.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The issues, sorted by place; never empty.
    public let issues: [ConfigurationIssue]

    /// An error of these issues, sorted by where they are.
    public init(_ issues: [ConfigurationIssue]) {
        precondition(!issues.isEmpty, "an error without an issue explains nothing")
        // Issues at one place keep the order of their discovery.
        self.issues = issues.enumerated()
            .sorted { ($0.element.location, $0.offset) < ($1.element.location, $1.offset) }
            .map(\.element)
    }

    /// One line for each issue.
    public var description: String {
        issues.map(\.description).joined(separator: "\n")
    }
}

/// Gathers issues so that a check can go on after the first.
public struct IssueCollector: Sendable {
    /// What was found so far, in the order of discovery.
    public private(set) var issues: [ConfigurationIssue] = []

    /// An empty collector.
    public init() {}

    /// Whether nothing was found.
    public var isEmpty: Bool { issues.isEmpty }

    /// Notes an issue.
    public mutating func add(_ issue: ConfigurationIssue) {
        issues.append(issue)
    }

    /// Notes several issues.
    public mutating func add(contentsOf more: some Sequence<ConfigurationIssue>) {
        issues.append(contentsOf: more)
    }

    /// Ends the collection.
    /// - Throws: everything found, if there is anything.
    public func finish() throws(ConfigurationError) {
        if !issues.isEmpty { throw ConfigurationError(issues) }
    }
}
