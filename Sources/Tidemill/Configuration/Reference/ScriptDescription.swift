/// What a script says of itself: it is a plugin, listed and completed like a component.
public struct ScriptDescription: Sendable {
    /// The script's file.
    public var path: String
    /// What it does.
    public var description: String?
    /// Its version.
    public var version: String?
    /// The fields of the `options` that a stage gives it; nil where it declares none and takes anything.
    public var options: [FieldSpecification]?
    /// The ports that it emits to.
    public var ports: [String]
    /// Which of the functions `handle` and `handle_batch` it defines.
    public var handlers: [String]

    /// Describes a script.
    public init(
        path: String,
        description: String? = nil,
        version: String? = nil,
        options: [FieldSpecification]? = nil,
        ports: [String] = [],
        handlers: [String] = []
    ) {
        self.path = path
        self.description = description
        self.version = version
        self.options = options
        self.ports = ports
        self.handlers = handlers
    }

    /// The script and its options, for a terminal.
    public var listText: String {
        let title = [version.map { "script \(path) \($0)" } ?? "script \(path)", description].compactMap(\.self)
        let emits = ports.isEmpty ? [] : ["  emits to: \(ports.joined(separator: ", "))"]
        let defines =
            handlers == ["handle"] || handlers.isEmpty ? [] : ["  defines: \(handlers.joined(separator: ", "))"]
        let lines = [title.joined(separator: ": ")] + FieldSpecification.lines(options ?? []) + emits + defines
        return lines.map { $0 + "\n" }.joined()
    }

    /// The script and its options as JSON, for programs.
    public var listJSON: ConfigurationValue {
        [
            "kind": "script",
            "path": .string(path),
            "summary": description.map { .string($0) } ?? nil,
            "version": version.map { .string($0) } ?? nil,
            "fields": .array((options ?? []).map(\.json)),
            "ports": .array(ports.map { .string($0) }),
            "handlers": .array(handlers.map { .string($0) }),
        ]
    }

    /// The rule of a stage's schema that completes `options` where `script` names this file.
    var schemaRule: ConfigurationValue? {
        guard let options else { return nil }
        return [
            "if": ["properties": ["script": ["const": .string(path)]], "required": ["script"]],
            "then": ["properties": ["options": JSONSchema.object(options)]],
        ]
    }
}
