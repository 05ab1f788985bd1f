public import Tidemill

/// How a ``BrokerSink`` publishes, whatever broker it publishes to.
public struct BrokerSinkSettings: Sendable {
    /// What bodies are.
    public var format = MessageFormat.json
    /// What messages are known by, so that the broker takes none twice; nil is a new one for each job, which tells only
    /// the sink's own attempts.
    public var id: JobTemplate?
    /// How many bytes a body may have.
    public var maxMessage = 8 << 20
    /// How long the broker may be out of reach at the start.
    public var connectTimeout = Duration.seconds(10)

    /// The settings that are the default.
    public init() {}
}

extension BrokerSinkSettings {
    /// The fields that every sink of messages has.
    public static let fields = [
        MessageFormat.field,
        FieldSpecification(
            "id",
            .string(allowsEmpty: false),
            "What a message is known by where the broker takes none twice, with fields of the job's metadata, or its `key`, "
                + "in braces. By default each job has a new one, which tells only the sink's own attempts apart from others.",
            examples: ["{order}-{line}"]
        ),
        FieldSpecification(
            "max_message",
            .size(in: 1...1 << 30),
            "How many bytes a message may have; the job of a larger one has failed.",
            default: "8MiB"
        ),
    ]

    /// The settings of a configuration's node that has these ``fields``.
    ///
    /// - Throws: ``ConfigurationError`` where a template's braces don't match.
    public init(_ settings: Settings) throws(ConfigurationError) {
        format = MessageFormat(settings)
        maxMessage = settings.size("max_message")
        id = try settings.template("id", purpose: "the message's id")
    }
}

extension Settings {
    /// The template that a field holds, if it is given; `purpose` is what messages call what it makes.
    ///
    /// - Throws: ``ConfigurationError`` where braces don't match.
    public func template(_ field: String, purpose: String) throws(ConfigurationError) -> JobTemplate? {
        guard let text = optionalString(field) else { return nil }
        do {
            return try JobTemplate(text, purpose: purpose)
        } catch {
            throw ConfigurationError([issue(at: field, error.description)])
        }
    }
}
