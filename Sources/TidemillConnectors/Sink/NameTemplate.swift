import Tidemill
import TidemillValue

/// A file name with fields of the job in braces, as in `{user}/{name}.json`.
struct NameTemplate: Hashable {
    private enum Part: Hashable {
        case text(String)
        case field(String)
    }

    private let parts: [Part]

    /// - Throws: ``FileProblem`` where braces don't match.
    init(_ text: String) throws(FileProblem) {
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}") else {
                throw FileProblem(text, "the braces of the name don't match")
            }
            if open > rest.startIndex { parts.append(.text(String(rest[..<open]))) }
            let field = rest[rest.index(after: open)..<close]
            guard !field.isEmpty, !field.contains("{") else {
                throw FileProblem(text, "the braces of the name must have a field's name in them")
            }
            parts.append(.field(String(field)))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        self.parts = parts
    }

    /// The name for a job.
    ///
    /// `{key}` is the job's key, any other field one of its metadata.
    func name(for job: Job) throws(JobFailure) -> String {
        var name = ""
        for part in parts {
            switch part {
            case .text(let text): name += text
            case .field(let field): name += try text(of: field, job)
            }
        }
        return name
    }

    private func text(of field: String, _ job: Job) throws(JobFailure) -> String {
        if field == "key", let key = job.key { return String(key) }
        switch job.metadata[field] {
        case .string(let bytes): return String(bytes)
        case .integer(let number): return String(number)
        case .bool(let flag): return String(flag)
        case nil, .null: throw JobFailure(.sink, "the file's name needs \"\(field)\", which the job's metadata lacks")
        case .number, .record, .object:
            throw JobFailure(.sink, "the job's metadata \"\(field)\" can't be part of a file's name")
        }
    }
}
