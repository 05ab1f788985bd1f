import Tidemill

/// A registry with the shapes that real components have, and short ways to load.
enum ConfigurationFixture {
    static let registry = ComponentRegistry([
        ComponentSpecification(
            kind: .source,
            type: "file",
            summary: "Reads files.",
            fields: [
                FieldSpecification("path", .oneOrMany(.path), "What to read.", required: true, examples: ["a.log"]),
                FieldSpecification("format", .choice(["lines", "json_lines"]), "The format.", default: "lines"),
                FieldSpecification("max_line", .size(in: 1...1 << 30), "The longest line.", default: "1MiB"),
                FieldSpecification("follow", .boolean, "Whether to go on.", default: false),
                FieldSpecification("poll", .duration(in: .milliseconds(1) ... .seconds(3_600)), "How often to look."),
            ]
        ),
        ComponentSpecification(
            kind: .source,
            type: "generate",
            summary: "Makes jobs up.",
            fields: [
                FieldSpecification("count", .integer(in: 0...1_000_000), "How many.", default: 10),
                FieldSpecification("rate", .number(in: 0...1e9), "How many a second."),
                FieldSpecification("token", .string(), "A password.", secret: true),
                FieldSpecification("headers", .map(of: .string()), "More.", default: [:]),
            ]
        ),
        .scriptStage,
        ComponentSpecification(kind: .stage, type: "upper", summary: "Makes text upper-case."),
        ComponentSpecification(
            kind: .sink,
            type: "file",
            summary: "Writes a file.",
            fields: [FieldSpecification("path", .path, "What to write.", required: true)]
        ),
        ComponentSpecification(kind: .sink, type: "drop", summary: "Forgets jobs."),
    ])

    static let good = """
        {
          "$schema": "tidemill.schema.json",
          "name": "access-log", // the name
          "sources": [{"name": "log", "type": "file", "path": ["a.log", "/var/b.log"]}],
          "stages": [
            {"name": "parse", "script": "scripts/parse.lua", "workers": "cores"},
            {"name": "enrich", "script": "scripts/enrich.lua", "workers": 4, "order": "input",
             "channel": {"capacity": 16, "max_bytes": "1MiB", "overflow": "drop_oldest"},
             "memory": "128MiB", "on_error": "drop",
             "options": {"geo": "geo.csv", "key": {"$env": "KEY", "default": "k"}},
             "capabilities": {"read": ["data/"]}},
          ],
          "sinks": [
            {"name": "out", "type": "file", "path": "out.jsonl", "inputs": ["enrich"]},
            {"name": "bad", "type": "drop", "inputs": ["parse.errors", "enrich"]}
          ],
          "dead_letters": {"type": "file", "path": "dead.jsonl"},
          /* the end */
          "shutdown_timeout": "1m30s"
        }
        """

    static func load(
        _ text: String,
        environment: [String: String] = [:],
        files: [String: String] = [:]
    ) throws(ConfigurationError) -> PipelineConfiguration {
        try load(bytes: Array(text.utf8), environment: environment, files: files)
    }

    static func load(
        bytes: [UInt8],
        environment: [String: String] = [:],
        files: [String: String] = [:]
    ) throws(ConfigurationError) -> PipelineConfiguration {
        let context = ConfigurationContext(baseDirectory: "conf", environment: environment) {
            path throws(FileReadError) in
            guard let content = files[path] else { throw FileReadError("No such file or directory") }
            return Array(content.utf8)
        }
        return try PipelineConfiguration.load(bytes: bytes, file: "c.json", registry: registry, context: context)
    }

    /// The issues' lines; empty if the text loads.
    static func issues(
        _ text: String,
        environment: [String: String] = [:],
        files: [String: String] = [:]
    ) -> [String] {
        do throws(ConfigurationError) {
            _ = try load(text, environment: environment, files: files)
            return []
        } catch {
            return error.issues.map(\.description)
        }
    }

    /// A pipeline on three lines: sources, stages and sinks, so that issues have readable places.
    static func pipeline(
        sources: String = #"{"name": "in", "type": "generate"}"#,
        stages: String = "",
        sinks: String = #"{"name": "out", "type": "drop"}"#,
        more: String = ""
    ) -> String {
        """
        {"sources": [\(sources)],
         "stages": [\(stages)],
         "sinks": [\(sinks)]\(more)}
        """
    }
}
