/// The fields of `workers` where a stage has as many as it needs.
enum ScalingFields {
    private static let standard = ScalingPolicy(max: 1)

    static let all = [
        FieldSpecification(
            "min",
            .integer(in: 1...4_096),
            "The fewest workers; it begins with these.",
            default: .integer(standard.min)
        ),
        FieldSpecification(
            "max",
            .union([.integer(in: 1...4_096), .choice(["cores"])]),
            "The most workers. Where handlers compute there are never many more than cores, whatever it says; where they "
                + "wait, each costs the memory of a script.",
            required: true,
            examples: [8]
        ),
        FieldSpecification(
            "target_wait",
            .duration(in: .milliseconds(1) ... .seconds(3_600)),
            "How long a job may wait in the channel in front of the stage before there are more workers.",
            default: .string(DurationText.format(standard.targetWait))
        ),
        FieldSpecification(
            "interval",
            .duration(in: .milliseconds(10) ... .seconds(60)),
            "How long it is from one look at the stage to the next.",
            default: .string(DurationText.format(standard.interval))
        ),
        FieldSpecification(
            "patience",
            .duration(in: .zero ... .seconds(86_400)),
            "For how long fewer workers must have sufficed before any of them end.",
            default: .string(DurationText.format(standard.patience))
        ),
    ]
}

extension WorkerCount {
    /// The number, or the rule for it, that a stage's `workers` gives.
    init(ofStage settings: Settings) {
        if let count = settings.optionalInteger("workers") {
            self = .fixed(count)
        } else if let scaling = settings.optionalObject("workers") {
            self = .scaled(ScalingPolicy(scaling), maxIsCores: scaling.optionalString("max") != nil)
        } else {
            self = settings.has("workers") ? .cores : .fixed(1)
        }
    }

    /// What is wrong with a stage's `workers`, if anything is.
    static func issue(_ stage: StageConfiguration) -> ConfigurationIssue? {
        guard let scaling = stage.settings.optionalObject("workers"), let min = scaling.optionalInteger("min"),
            let max = scaling.optionalInteger("max"), min > max
        else { return nil }
        return scaling.issue(at: "min", "\(min) is more than \"max\", which is \(max)")
    }
}

extension ScalingPolicy {
    fileprivate init(_ settings: Settings) {
        let standard = ScalingPolicy(max: 1)
        let min = settings.optionalInteger("min") ?? standard.min
        self.init(
            min: min,
            max: settings.optionalInteger("max") ?? min,
            targetWait: settings.optionalDuration("target_wait") ?? standard.targetWait,
            interval: settings.optionalDuration("interval") ?? standard.interval,
            patience: settings.optionalDuration("patience") ?? standard.patience
        )
    }
}
