import TidemillValue

/// A text with placeholders in it.
struct TextTemplate: Sendable {
    enum Part: Sendable {
        case text(Bytes)
        case placeholder(Placeholder)
    }

    private let parts: [Part]

    init(_ parts: [Part]) { self.parts = parts }

    /// A text that is the same for every job.
    init(_ text: String) { parts = text.isEmpty ? [] : [.text(Bytes(text))] }

    /// The text itself, where no part of it is random.
    var constant: Bytes? {
        if parts.isEmpty { return Bytes() }
        guard parts.count == 1, case .text(let bytes) = parts[0] else { return nil }
        return bytes
    }

    func append(_ moment: Placeholder.Moment, _ random: inout GeneratorRandom, to writer: inout ByteWriter) {
        for part in parts {
            switch part {
            case .text(let bytes): writer.append(bytes)
            case .placeholder(let placeholder): placeholder.append(moment, &random, to: &writer)
            }
        }
    }

    /// A number where the template is one placeholder for a number, else a string.
    func value(_ moment: Placeholder.Moment, _ random: inout GeneratorRandom) -> Value {
        if parts.count == 1, case .placeholder(let placeholder) = parts[0],
            let number = placeholder.number(moment, &random)
        {
            return number
        }
        var writer = ByteWriter()
        append(moment, &random, to: &writer)
        return .string(writer.take())
    }
}

/// What is wrong with a template.
public struct TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One clause for a person.
    public let description: String

    init(_ description: String) { self.description = description }
}
