/// A pipeline's configuration file, decoded, validated and wired.
public struct PipelineConfiguration: Sendable {
    /// The pipeline's name.
    public let name: String
    /// Where jobs come from.
    public let sources: [SourceConfiguration]
    /// What works on them.
    public let stages: [StageConfiguration]
    /// Where they go.
    public let sinks: [SinkConfiguration]
    /// Where failed jobs go, if anywhere.
    public let deadLetters: SinkConfiguration?
    /// The rate limits that stages may name, in the order of the file.
    public let rateLimits: [NamedRateLimit]
    /// How long a drain may take.
    public let shutdownTimeout: Duration
    /// Who reads from whom.
    public let graph: PipelineGraph
    /// All fields of the file, for issues and dumps.
    public let settings: Settings

    /// The effective configuration as JSON: defaults filled in, secrets as `<redacted>`.
    public var redactedJSON: String { settings.redacted.prettyJSON }

    /// The fields of the whole file.
    public static let fields: [FieldSpecification] = [
        FieldSpecification("$schema", .string(), "The JSON Schema of this file, for editors; ignored here."),
        FieldSpecification(
            "name",
            .identifier,
            "The pipeline's name, in logs and metrics.",
            default: "pipeline"
        ),
        FieldSpecification(
            "sources",
            .list(of: .node(.source), count: 1...1_000),
            "Where jobs come from.",
            required: true
        ),
        FieldSpecification(
            "stages",
            .list(of: .node(.stage), count: 0...1_000),
            "What works on the jobs, in the order in which they pass unless `inputs` says otherwise.",
            default: []
        ),
        FieldSpecification(
            "sinks",
            .list(of: .node(.sink), count: 1...1_000),
            "Where jobs go.",
            required: true
        ),
        FieldSpecification(
            "dead_letters",
            .node(.deadLetters),
            "A sink for the jobs that failed, each with its error and attempts."
        ),
        RateFields.limits,
        FieldSpecification(
            "shutdown_timeout",
            .duration(in: .zero ... .seconds(86_400)),
            "How long a drain may take before what is left is cancelled and handed back.",
            default: "25s"
        ),
    ]
}
