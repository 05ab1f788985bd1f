/// The fields that say how long jobs may take, and what happens when they fail.
enum LimitFields {
    static let stage = [timeout, deadline, retry, breaker, maxStuckWorkers]
    static let source = [sourceDeadline, onSiblingFailure]

    private static let times = Duration.milliseconds(1) ... .seconds(1 << 32)

    private static let timeout = FieldSpecification(
        "timeout",
        .duration(in: times),
        "How long an attempt at a job may take. A job that takes longer is interrupted and has failed, with the kind "
            + "`timeout`. By default it may take as long as it takes.",
        examples: ["2s"]
    )

    private static let deadline = FieldSpecification(
        "deadline",
        .duration(in: times),
        "How old a message may be whose job is started or worked on here, counted from when its source brought it. "
            + "An older job is not started, or is interrupted, and ends as `expired`. It takes what is left of it along.",
        examples: ["30s"]
    )

    private static let sourceDeadline = FieldSpecification(
        "deadline",
        .duration(in: times),
        "How long the source's messages may take in the pipeline; what is not done by then ends as `expired`.",
        examples: ["1m"]
    )

    private static let onSiblingFailure = FieldSpecification(
        "on_sibling_failure",
        .choice(SiblingPolicy.allCases.map(\.rawValue)),
        "What happens to the other jobs that were made of a message when one of them fails for good: `continue` lets "
            + "them go on, `cancel` stops them.",
        default: .string(SiblingPolicy.proceed.rawValue)
    )

    private static let retry = FieldSpecification(
        "retry",
        .object([
            FieldSpecification(
                "max_attempts",
                .integer(in: 1...1_000),
                "How many attempts a job has in all.",
                default: 3
            ),
            FieldSpecification(
                "max_elapsed",
                .duration(in: times),
                "How long after its first failure a job may still get another attempt."
            ),
            FieldSpecification(
                "initial_interval",
                .duration(in: .zero ... .seconds(86_400)),
                "The longest wait before the second attempt; it doubles from attempt to attempt.",
                default: "200ms"
            ),
            FieldSpecification(
                "max_interval",
                .duration(in: .zero ... .seconds(86_400)),
                "The longest wait before any attempt.",
                default: "5s"
            ),
            FieldSpecification(
                "jitter",
                .boolean,
                "Whether each wait is drawn at random up to its longest, so that jobs that failed together don't come "
                    + "back together.",
                default: true
            ),
            FieldSpecification(
                "budget_per_second",
                .number(in: 0.001...1_000_000),
                "How many retries a second the stage always has; a retry beyond its budget waits longer.",
                default: 10
            ),
            FieldSpecification(
                "budget_ratio",
                .number(in: 0...100),
                "How many more retries it has for each job that comes.",
                default: .number(0.2)
            ),
        ]),
        "When a failed job is tried again. It waits outside of the workers. Limits of memory, output and instructions "
            + "are not retried, nor is what a script raises with `retry = false`. By default there is one attempt, "
            + "unless a script asks for another with `ctx:retry`.",
        examples: [["max_attempts": 5, "initial_interval": "100ms"]]
    )

    private static let breaker = FieldSpecification(
        "circuit_breaker",
        .object([
            FieldSpecification(
                "failure_ratio",
                .number(in: 0.001...1),
                "Which share of the attempts has to fail.",
                default: .number(0.5)
            ),
            FieldSpecification(
                "min_jobs",
                .integer(in: 1...1_000_000),
                "Of how many attempts at least.",
                default: 20
            ),
            FieldSpecification("window", .duration(in: times), "Over how long a time.", default: "10s"),
            FieldSpecification(
                "pause",
                .duration(in: times),
                "How long the stage then takes no jobs, before it lets one through on trial; each failed trial doubles "
                    + "the pause.",
                default: "5s"
            ),
            FieldSpecification("max_pause", .duration(in: times), "The longest pause.", default: "1m"),
        ]),
        "When the stage stops taking jobs because too many attempts fail. Nothing is dropped: the channel in front of "
            + "it fills, and the nodes before it wait.",
        examples: [["failure_ratio": .number(0.5), "pause": "10s"]]
    )

    private static let maxStuckWorkers = FieldSpecification(
        "max_stuck_workers",
        .integer(in: 0...1_000),
        "How many workers may be given up and replaced because nothing stops what they do (a pattern that backtracks "
            + "for ever), before the pipeline fails.",
        default: 8
    )
}

extension RetryPolicy {
    /// The policy that a stage's `retry` gives.
    init?(_ settings: Settings?) {
        guard let settings else { return nil }
        let standard = RetryPolicy()
        self.init(
            maxAttempts: settings.optionalInteger("max_attempts") ?? standard.maxAttempts,
            maxElapsed: settings.optionalDuration("max_elapsed"),
            initialInterval: settings.optionalDuration("initial_interval") ?? standard.initialInterval,
            maxInterval: settings.optionalDuration("max_interval") ?? standard.maxInterval,
            jitter: settings.optionalBoolean("jitter") ?? standard.jitter,
            budgetPerSecond: settings.optionalNumber("budget_per_second") ?? standard.budgetPerSecond,
            budgetRatio: settings.optionalNumber("budget_ratio") ?? standard.budgetRatio
        )
    }
}

extension BreakerPolicy {
    /// The policy that a stage's `circuit_breaker` gives.
    init?(_ settings: Settings?) {
        guard let settings else { return nil }
        let standard = BreakerPolicy()
        self.init(
            failureRatio: settings.optionalNumber("failure_ratio") ?? standard.failureRatio,
            minJobs: settings.optionalInteger("min_jobs") ?? standard.minJobs,
            window: settings.optionalDuration("window") ?? standard.window,
            pause: settings.optionalDuration("pause") ?? standard.pause,
            maxPause: settings.optionalDuration("max_pause") ?? standard.maxPause
        )
    }
}
