import Tidemill
import TidemillValue

/// How the body of a message and the value of a job are made of each other.
public enum MessageFormat: String, Sendable, CaseIterable {
    /// A JSON text.
    case json
    /// A string of bytes, as it is.
    case text
    /// A blob: bytes that scripts pass on without having them in their memory.
    case blob

    func value(of body: Bytes) throws(JobFailure) -> Value {
        switch self {
        case .json:
            do {
                return try Value(json: body)
            } catch {
                throw JobFailure(.input, "the message's body is not JSON: \(error)", advice: .never)
            }
        case .text: return .string(body)
        case .blob: return .object(Blob(body))
        }
    }

    func body(of value: Value) throws(JobFailure) -> Bytes {
        switch (self, value) {
        case (.json, _):
            var writer = ByteWriter()
            do {
                try writer.append(json: value)
            } catch {
                throw JobFailure(.sink, "the value has no JSON form: \(error)", advice: .never)
            }
            return writer.take()
        case (.text, .string(let bytes)): return bytes
        case (.blob, .object(let object)), (.text, .object(let object)):
            do {
                return try object.archived()
            } catch {
                throw JobFailure(.sink, "the \(object.typeName) has no bytes: \(error)", advice: .never)
            }
        case (.blob, .string(let bytes)): return bytes
        default:
            let message = "the format \(rawValue) wants a string or a blob, and the value is something else"
            throw JobFailure(.sink, message + "; \"format\": \"json\" takes any", advice: .never)
        }
    }
}

extension MessageFormat {
    /// The field of sources and sinks of messages that says what bodies are.
    static let field = FieldSpecification(
        "format",
        .choice(allCases.map(\.rawValue)),
        "What messages are: `json`, `text` (a string of bytes, as it is) or `blob`.",
        default: .string(MessageFormat.json.rawValue)
    )

    /// What a node's ``field`` says.
    init(_ settings: Settings) { self = MessageFormat(rawValue: settings.string("format")) ?? .json }
}
