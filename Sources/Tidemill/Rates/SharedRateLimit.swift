/// A rate that several stages have together, also stages of several pipelines.
public final class SharedRateLimit: Sendable {
    package let limiter: RateLimiter

    /// The limit.
    public var limit: RateLimit { limiter.limit }

    /// A limit that goes by a clock of its own, so that pipelines whose clocks don't begin together may share it.
    public init(_ limit: RateLimit, clock: any PipelineClock = SystemClock()) {
        limiter = RateLimiter(limit, clock: clock)
    }

    /// A limit for stages of one pipeline, whose clock it goes by.
    init(withinOnePipeline limit: RateLimit) { limiter = RateLimiter(limit) }
}

/// Where a stage's rate limit comes from.
public enum StageRateLimit: Sendable {
    /// The stage has it for itself.
    case own(RateLimit)
    /// It shares this one with others.
    case shared(SharedRateLimit)

    /// The limit.
    public var limit: RateLimit {
        switch self {
        case .own(let limit): limit
        case .shared(let shared): shared.limit
        }
    }

    /// Whether jobs wait for the rate of their key, while those of others go on.
    var waitsPerKey: Bool { limit.isPerKey && limit.overflow == .block }

    /// A place at the limit for one stage.
    package func asker() -> RateAsker {
        switch self {
        case .own(let limit): RateLimiter(limit).asker()
        case .shared(let shared): shared.limiter.asker()
        }
    }
}
