import Tidemill
import TidemillValue

/// Headers as a file has them: a JSON object, whose values may be any bytes.
enum MessageHeaders {
    static func encode(_ headers: [(name: String, value: Bytes)]) -> Bytes? {
        if headers.isEmpty { return nil }
        let table = Value.table(headers.map { ($0.name, .string($0.value)) })
        return Bytes(ExactValue.encode(table).description)
    }

    /// What is no such object, because another program wrote it, has no headers.
    static func decode(_ text: Bytes?) -> [(name: String, value: Bytes)] {
        guard let text, let json = try? Value(json: text), let fields = (try? ExactValue.decode(json))?.fields
        else { return [] }
        return fields.compactMap { field in field.value.bytes.map { (field.key, $0) } }
    }
}
