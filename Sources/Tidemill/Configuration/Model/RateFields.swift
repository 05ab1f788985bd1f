/// The fields that say how many jobs a stage takes in a time: its own, and those of the limits that stages share.
enum RateFields {
    static let stage = [rateLimit]

    /// The field of the whole file.
    static let limits = FieldSpecification(
        "rate_limits",
        .named(of: .object(limit)),
        "Rate limits by name, for stages that have one together: each names it as its `rate_limit`.",
        default: [:],
        examples: [["api": ["count": 100, "interval": "1s"]]]
    )

    private static let rateLimit = FieldSpecification(
        "rate_limit",
        .union([.identifier, .object(limit)]),
        "How many jobs the stage takes in a time: a limit of its own, or the name of one in `rate_limits`. Another "
            + "attempt at a job counts like a job. By default it takes as many as it can.",
        examples: [["count": 100, "interval": "1s"], "api"]
    )

    private static let limit = [
        FieldSpecification(
            "count",
            .integer(in: RateLimit.counts),
            "How many jobs an interval has.",
            required: true,
            examples: [100]
        ),
        FieldSpecification(
            "interval",
            .duration(in: RateLimit.intervals),
            "How long an interval is; the jobs are spread over it.",
            required: true,
            examples: ["1s"]
        ),
        FieldSpecification(
            "burst",
            .integer(in: RateLimit.counts),
            "How many jobs may come at once after a pause; by default `count`."
        ),
        FieldSpecification(
            "per_key",
            .boolean,
            "Whether each key has the rate for itself; jobs without a key have one together.",
            default: false
        ),
        FieldSpecification(
            "overflow",
            .choice(RateOverflow.allCases.map(\.rawValue)),
            "What happens to jobs over the rate: `block` lets them wait in the channel, `shed` drops them.",
            default: .string(RateOverflow.block.rawValue)
        ),
    ]

    /// Reports stages that name a limit that there isn't.
    static func checkNames(in file: Settings, _ collector: inout IssueCollector) {
        // What was wrong in the limits is reported; which names there were to be is then unknown.
        guard file.has(limits.name) else { return }
        let names = file.objectMap(limits.name).map(\.key)
        for stage in file.objects("stages") {
            guard let name = stage.optionalString(rateLimit.name), !names.contains(name) else { continue }
            let isSecret = stage.value(rateLimit.name)?.isSecret == true
            let message = "there is no rate limit " + (isSecret ? "of this name" : Spelling.quoted(name))
            let guess = isSecret ? nil : Spelling.didYouMean(name, among: names)
            collector.add(stage.issue(at: rateLimit.name, message, hint: guess ?? known(names)))
        }
    }

    private static func known(_ names: [String]) -> String {
        let shown = names.prefix(12).map { NodeFields.isIdentifier($0) ? $0 : Spelling.quoted($0) }
        return shown.isEmpty
            ? "add \"rate_limits\": {…} beside \"stages\"" : "rate limits: \(shown.joined(separator: ", "))"
    }
}

/// A stage's rate limit, and its name if it shares it with others.
public struct NamedRateLimit: Sendable, Hashable {
    /// Its name in `rate_limits`; nil for a limit of the stage's own.
    public let name: String?
    /// The limit.
    public let limit: RateLimit
}

extension NamedRateLimit {
    /// All that the file names.
    static func all(_ file: Settings) -> [NamedRateLimit] {
        file.objectMap("rate_limits").map { NamedRateLimit(name: $0.key, limit: RateLimit($0.value)) }
    }

    /// The limit that a stage's `rate_limit` gives or names.
    init?(ofStage settings: Settings, among limits: [NamedRateLimit]) {
        if let own = settings.optionalObject("rate_limit") {
            self.init(name: nil, limit: RateLimit(own))
        } else if let name = settings.optionalString("rate_limit"), let named = limits.first(where: { $0.name == name })
        {
            self = named
        } else {
            return nil
        }
    }

    /// The limit for a stage of a pipeline in which these have names.
    func limit(among shared: [String: SharedRateLimit]) -> StageRateLimit {
        name.flatMap { shared[$0] }.map { .shared($0) } ?? .own(limit)
    }
}

extension PipelineConfiguration {
    /// The limits that stages name, each one for all of them.
    var sharedRateLimits: [String: SharedRateLimit] {
        Dictionary(
            rateLimits.compactMap { named in named.name.map { ($0, SharedRateLimit(withinOnePipeline: named.limit)) } },
            uniquingKeysWith: { first, _ in first }
        )
    }
}

extension RateLimit {
    /// The limit that an object of the file gives; one that is wrong was reported.
    fileprivate init(_ settings: Settings) {
        self.init(
            settings.optionalInteger("count") ?? 1,
            per: settings.optionalDuration("interval") ?? .seconds(1),
            burst: settings.optionalInteger("burst"),
            isPerKey: settings.optionalBoolean("per_key") ?? false,
            overflow: settings.optionalString("overflow").flatMap(RateOverflow.init) ?? .block
        )
    }
}
