/// The fields that nodes have whatever their type.
public enum NodeFields {
    /// The type of a stage that names a script and no type.
    public static let scriptType = "script"
    /// The name that messages and outcomes use for the sink of dead letters.
    public static let deadLettersName = "dead_letters"

    /// The fields of every node of this kind.
    public static func common(_ kind: ComponentKind) -> [FieldSpecification] {
        switch kind {
        case .source: common(.source as NodeRole)
        case .stage: common(.stage as NodeRole)
        case .sink: common(.sink as NodeRole)
        }
    }

    static func common(_ role: NodeRole) -> [FieldSpecification] {
        switch role {
        case .source: [name, type] + LimitFields.source + [onError]
        case .stage:
            [name, stageType, inputs, channel] + DispatchFields.stage + BatchFields.stage + LimitFields.stage
                + RateFields.stage + [onError]
        case .sink: [name, type, inputs, channel, onError]
        case .deadLetters: [type]
        }
    }

    static func isIdentifier(_ text: String) -> Bool {
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        guard let first = text.utf8.first, letters.contains(first) else { return false }
        return text.utf8.allSatisfy {
            letters.contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
        }
    }

    private static let name = FieldSpecification(
        "name",
        .identifier,
        "The node's name: in `inputs`, in logs and in metrics. No two nodes share one.",
        required: true
    )

    private static let type = FieldSpecification(
        "type",
        .string(allowsEmpty: false),
        "Which component this is.",
        required: true
    )

    private static let stageType = FieldSpecification(
        "type",
        .string(allowsEmpty: false),
        "Which component this is; a stage with a `script` needs none.",
        default: .string(scriptType)
    )

    private static let inputs = FieldSpecification(
        "inputs",
        .list(of: .string(allowsEmpty: false), count: 1...1_000),
        "The nodes it reads from, or ports of stages as `name.port`. By default it is the node before it; "
            + "the first node after the sources reads from all of them.",
        examples: [["parse", "parse.errors"]]
    )

    private static let onError = FieldSpecification(
        "on_error",
        .choice(ErrorPolicy.allCases.map(\.rawValue)),
        "What becomes of a failed job: `dead_letter` writes it to `dead_letters`, `reject` hands it back to the "
            + "source, `drop` counts and forgets it, `stop` ends the pipeline. By default `dead_letter` if "
            + "`dead_letters` is set, else `reject`.",
    )

    private static let channel = FieldSpecification(
        "channel",
        .object([
            FieldSpecification(
                "type",
                .choice(ChannelKind.allCases.map(\.rawValue)),
                "`memory`, or `durable`: jobs that wait are kept in a file, and are there when the process starts again. "
                    + "The sources before a durable channel are done with a message once it is in the file.",
                default: .string(ChannelKind.memory.rawValue)
            ),
            FieldSpecification(
                "path",
                .path,
                "The file of a durable channel; several may share one.",
                examples: ["state/jobs.sqlite"]
            ),
            FieldSpecification(
                "capacity",
                .integer(in: 0...1_048_576),
                "How many jobs may wait; 0 hands each one over directly. Of a durable channel, how many are taken out of "
                    + "the file in advance.",
                default: 1_024
            ),
            FieldSpecification(
                "max_bytes",
                .size(in: 1 ... .max),
                "How many bytes of payload may wait; one job may, whatever its size.",
                default: "8MiB"
            ),
            FieldSpecification(
                "overflow",
                .choice(Overflow.allCases.map(\.rawValue)),
                "What happens when it is full: `block` makes the node before it wait, `drop_newest` and "
                    + "`drop_oldest` lose a job, `reject` hands the new one back to its source.",
                default: .string(Overflow.block.rawValue)
            ),
        ]),
        "The queue in front of the node.",
        default: [:]
    )
}

extension ComponentSpecification {
    /// The stage that runs a Lua script.
    public static let scriptStage = ComponentSpecification(
        kind: .stage,
        type: NodeFields.scriptType,
        summary: "Runs a Lua script on each job.",
        fields: [
            FieldSpecification("script", .path, "The Lua file.", required: true, examples: ["scripts/parse.lua"]),
            FieldSpecification("options", .any, "What the script sees as `ctx.options`."),
            FieldSpecification(
                "memory",
                .size(in: 1 << 16...1 << 40),
                "How much memory the script may use in each worker.",
                default: "64MiB"
            ),
            FieldSpecification(
                "max_emit",
                .integer(in: 1...1 << 30),
                "How many results one job may have.",
                default: 100_000
            ),
            FieldSpecification(
                "max_output",
                .size(in: 1...1 << 40),
                "How many bytes the results of one job may have.",
                default: "64MiB"
            ),
            FieldSpecification(
                "instructions",
                .integer(in: 1_000...1 << 53),
                "How many Lua instructions one job may take, the same on every machine. Counting doubles the time of "
                    + "Lua code; `timeout` costs nothing."
            ),
            FieldSpecification(
                "capabilities",
                .object([
                    FieldSpecification("read", .list(of: .path), "Files and folders it may read.", default: [])
                ]),
                "What the script may touch outside of its sandbox; nothing unless listed.",
                default: [:],
                examples: [["read": ["data/"]]]
            ),
        ]
    )
}
