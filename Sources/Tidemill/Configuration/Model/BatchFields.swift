/// The fields that say how a stage gathers jobs for `handle_batch`.
enum BatchFields {
    static let stage = [batch]

    private static let standard = BatchPolicy()

    private static let batch = FieldSpecification(
        "batch",
        .object([
            FieldSpecification(
                "count",
                .integer(in: 1...1_048_576),
                "How many jobs a batch has at most; no more than the channel's `capacity`.",
                default: .integer(standard.count)
            ),
            FieldSpecification(
                "bytes",
                .size(in: 1 ... .max),
                "How many bytes of payload a batch has at most. A larger job makes a batch on its own."
            ),
            FieldSpecification(
                "period",
                .duration(in: .zero ... .seconds(86_400)),
                "How long the first job of a batch waits for others.",
                default: .string(DurationText.format(standard.period))
            ),
        ]),
        "Gathers jobs and hands them over together: to a script's `handle_batch`, once for all of them, in place of "
            + "`handle`. A batch begins as soon as one of its limits is reached.",
        examples: [["count": 500, "period": "250ms"]]
    )
}

extension BatchPolicy {
    /// The policy that a stage's `batch` gives.
    init?(_ settings: Settings?) {
        guard let settings else { return nil }
        let standard = BatchPolicy()
        self.init(
            count: settings.optionalInteger("count") ?? standard.count,
            bytes: settings.optionalSize("bytes"),
            period: settings.optionalDuration("period") ?? standard.period
        )
    }

    /// What is wrong with a stage's `batch`, if anything is, in front of its channel.
    static func issue(_ stage: StageConfiguration) -> ConfigurationIssue? {
        guard let policy = stage.batch, let settings = stage.settings.optionalObject("batch"),
            let problem = policy.problem(withCapacity: stage.channel.capacity)
        else { return nil }
        return settings.issue(
            at: "count",
            problem,
            hint: "a smaller \"count\", or a larger \"capacity\" of \"channel\""
        )
    }
}
