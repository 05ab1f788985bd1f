/// A text with fields of a job in braces, as in `{user}/{name}.json`.
public struct JobTemplate: Hashable, Sendable {
    /// Why a text is no template.
    public struct Problem: Error, Hashable, CustomStringConvertible {
        /// What is wrong.
        public let description: String
    }

    private enum Part: Hashable {
        case text(String)
        case field(String)
    }

    private let parts: [Part]
    private let purpose: String

    /// The template that a text is; `purpose` is what messages call what it makes, as in "the file's name".
    ///
    /// - Throws: ``Problem`` where braces don't match.
    public init(_ text: String, purpose: String) throws(Problem) {
        self.purpose = purpose
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}") else {
                throw Problem(description: "\(text): the braces of \(purpose) don't match")
            }
            if open > rest.startIndex { parts.append(.text(String(rest[..<open]))) }
            let field = rest[rest.index(after: open)..<close]
            guard !field.isEmpty, !field.contains("{") else {
                throw Problem(description: "\(text): the braces of \(purpose) must have a field's name in them")
            }
            parts.append(.field(String(field)))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        self.parts = parts
    }

    /// The text up to the first field.
    public var prefix: String { if case .text(let text) = parts.first { text } else { "" } }

    /// Whether it has no fields, so that it is the same for every job.
    public var isConstant: Bool { !parts.contains { if case .field = $0 { true } else { false } } }

    /// The text for a job.
    ///
    /// `{key}` is the job's key, any other field one of its metadata. `check` may refuse what a field is.
    ///
    /// - Throws: ``JobFailure`` where the job lacks a field, or has something in it that is no text or number.
    public func text(
        for job: Job,
        check: (_ field: String, _ text: String) throws(JobFailure) -> Void = { _, _ in }
    ) throws(JobFailure) -> String {
        var result = ""
        for part in parts {
            switch part {
            case .text(let text): result += text
            case .field(let field):
                let text = try text(of: field, job)
                try check(field, text)
                result += text
            }
        }
        return result
    }

    private func text(of field: String, _ job: Job) throws(JobFailure) -> String {
        if field == "key", let key = job.key { return String(key) }
        switch job.metadata[field] {
        case .string(let bytes): return String(bytes)
        case .integer(let number): return String(number)
        case .bool(let flag): return String(flag)
        case nil, .null: throw JobFailure(.sink, "\(purpose) needs \"\(field)\", which the job's metadata lacks")
        case .number, .record, .object:
            throw JobFailure(.sink, "the job's metadata \"\(field)\" can't be part of \(purpose)")
        }
    }
}
