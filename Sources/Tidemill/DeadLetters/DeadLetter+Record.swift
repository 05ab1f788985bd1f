package import TidemillValue

extension DeadLetter {
    /// The letter as a value that JSON can express, whatever is in it.
    package var record: Value {
        var fields: [(key: String, value: Value)] = [
            ("id", .string(Bytes(id.description))),
            (
                "job",
                [
                    "id": .string(Bytes(job)),
                    "key": key.map { ExactValue.encode(.string($0)) } ?? .null,
                    "metadata": ExactValue.encode(metadata),
                ]
            ),
            ("value", ExactValue.encode(value)),
            ("stage", .string(Bytes(stage))),
            (
                "error",
                [
                    "message": .string(Bytes(message)),
                    "traceback": traceback.map { .string(Bytes($0)) } ?? .null,
                    "kind": .string(Bytes(kind)),
                ]
            ),
            (
                "attempts",
                .array(attempts.map { ["at": .string(Bytes($0.at)), "error": .string(Bytes($0.error))] })
            ),
            (
                "script",
                script.map { ["path": .string(Bytes($0.path)), "sha256": .string(Bytes($0.sha256))] } ?? .null
            ),
            ("at", .string(Bytes(at))),
        ]
        if replayed > 0 { fields.append(("replayed", .integer(Int64(replayed)))) }
        if let replaces { fields.append(("replaces", .string(Bytes(replaces.description)))) }
        return .table(fields)
    }

    /// The letter that a record is.
    ///
    /// - Throws: ``DeadLetterProblem`` that says what is missing or wrong.
    package init(record: Value) throws(DeadLetterProblem) {
        let job = try Self.table("job", in: record)
        let error = try Self.table("error", in: record)
        self.init(
            id: try Self.id(record),
            job: try Self.text("id", in: job),
            key: try Self.key(job),
            metadata: try ExactValue.decode(job["metadata"] ?? .null),
            value: try Self.value(record),
            stage: try Self.text("stage", in: record),
            message: try Self.text("message", in: error),
            traceback: error["traceback"]?.text,
            kind: try Self.text("kind", in: error),
            attempts: (record["attempts"]?.elements ?? []).map {
                Attempt(at: $0["at"]?.text ?? "", error: $0["error"]?.text ?? "")
            },
            script: Self.script(record),
            at: try Self.text("at", in: record),
            replayed: record["replayed"]?.integer.flatMap(Int.init(exactly:)) ?? 0,
            replaces: record["replaces"]?.text.flatMap(DeadLetterID.init)
        )
    }

    /// The letter's name alone, which is all that most of a file is asked for.
    package static func id(_ record: Value) throws(DeadLetterProblem) -> DeadLetterID {
        let text = try text("id", in: record)
        guard let id = DeadLetterID(text) else { throw DeadLetterProblem("its \"id\" is none: \(text)") }
        return id
    }

    private static func table(_ field: String, in record: Value) throws(DeadLetterProblem) -> Value {
        guard let value = record[field], value.fields != nil else {
            throw DeadLetterProblem("it has no \"\(field)\"")
        }
        return value
    }

    private static func text(_ field: String, in record: Value) throws(DeadLetterProblem) -> String {
        guard let text = record[field]?.text else { throw DeadLetterProblem("it has no \"\(field)\"") }
        return text
    }

    private static func key(_ job: Value) throws(DeadLetterProblem) -> Bytes? {
        switch try ExactValue.decode(job["key"] ?? .null) {
        case .null: return nil
        case .string(let bytes): return bytes
        default: throw DeadLetterProblem("its job's \"key\" is no string")
        }
    }

    private static func value(_ record: Value) throws(DeadLetterProblem) -> Value {
        guard let value = record["value"] else { throw DeadLetterProblem("it has no \"value\"") }
        return try ExactValue.decode(value)
    }

    private static func script(_ record: Value) -> ScriptIdentity? {
        guard let script = record["script"], let path = script["path"]?.text, let digest = script["sha256"]?.text else {
            return nil
        }
        return ScriptIdentity(path: path, sha256: digest)
    }
}
