/// When a stage tries a job again that has failed.
///
/// The wait before an attempt doubles from one to the next, up to a limit, and is then drawn anew between nothing and
/// that, so that jobs that failed together don't come back together.
public struct RetryPolicy: Sendable, Hashable {
    /// How many attempts a job has in all; 1 is no retry.
    public var maxAttempts: Int
    /// How long a job may take from its first failure to the start of its last attempt; nil for as long as it takes.
    public var maxElapsed: Duration?
    /// The longest wait before the second attempt.
    public var initialInterval: Duration
    /// The longest wait before any attempt.
    public var maxInterval: Duration
    /// Whether waits are drawn at random up to what they would be without.
    public var jitter: Bool
    /// How many retries a second a stage always has.
    public var budgetPerSecond: Double
    /// How many more retries it has for each job that it takes: a dependency that is down sees little more than the
    /// usual load.
    public var budgetRatio: Double

    /// A policy; the defaults are 3 attempts, waits up to 200 ms, 400 ms, … 5 s, and retries for a fifth of the jobs
    /// or ten a second.
    public init(
        maxAttempts: Int = 3,
        maxElapsed: Duration? = nil,
        initialInterval: Duration = .milliseconds(200),
        maxInterval: Duration = .seconds(5),
        jitter: Bool = true,
        budgetPerSecond: Double = 10,
        budgetRatio: Double = 0.2
    ) {
        self.maxAttempts = max(maxAttempts, 1)
        self.maxElapsed = maxElapsed
        self.initialInterval = max(initialInterval, .zero)
        self.maxInterval = max(maxInterval, .zero)
        self.jitter = jitter
        self.budgetPerSecond = max(budgetPerSecond, 0.001)
        self.budgetRatio = max(budgetRatio, 0)
    }

    /// Whether a failure of this kind may end otherwise the next time.
    ///
    /// A script that ran into a limit would run into it again, and input that is wrong stays wrong.
    static func isTransient(_ failure: JobFailure) -> Bool {
        switch failure.advice {
        case .retry: return true
        case .never, .reject: return false
        case .policy: break
        }
        switch failure.kind {
        case .memory, .emissions, .outputBytes, .instructions, .input, .stuck: return false
        default: return true
        }
    }

    /// How long a job waits that has failed `failures` times, the last time with this failure; nil if it is not tried
    /// again.
    ///
    /// `elapsed` is the time since it failed first. What a script asked for is what it gets, within the limits of
    /// attempts and time.
    func delay(
        after failure: JobFailure,
        failures: Int,
        elapsed: Duration,
        random: inout some RandomNumberGenerator
    ) -> Duration? {
        guard Self.isTransient(failure), failures < maxAttempts else { return nil }
        let delay = wanted(failure) ?? backoff(failures, &random)
        if let maxElapsed, elapsed + delay > maxElapsed { return nil }
        return delay
    }

    private func wanted(_ failure: JobFailure) -> Duration? {
        if case .retry(let after) = failure.advice { after } else { nil }
    }

    /// The wait after so many failures in a row.
    package func backoff(_ failures: Int, _ random: inout some RandomNumberGenerator) -> Duration {
        var longest = initialInterval
        for _ in 1..<max(failures, 1) where longest < maxInterval { longest += longest }
        longest = min(longest, maxInterval)
        guard jitter else { return longest }
        return .nanoseconds(Int.random(in: 0...longest.nanoseconds, using: &random))
    }
}

/// How many retries a stage may still start: a few every second, and some for every job that came.
///
/// A retry beyond that is not lost; it waits until the budget has grown by then.
struct RetryBudget {
    private let perSecond: Double
    private let ratio: Double
    private let most: Double
    private var tokens: Double
    private var time: Duration

    init(_ policy: RetryPolicy, now: Duration) {
        perSecond = policy.budgetPerSecond
        ratio = policy.budgetRatio
        most = max(10 * perSecond, 1)
        tokens = most
        time = now
    }

    /// Jobs came for their first attempt.
    mutating func deposit(_ jobs: Int, now: Duration) {
        refill(now)
        tokens = min(tokens + Double(jobs) * ratio, most)
    }

    /// Takes one retry out; how long it has to wait until there is one for it.
    mutating func withdraw(now: Duration) -> Duration {
        refill(now)
        tokens -= 1
        return tokens >= 0 ? .zero : .seconds(-tokens / perSecond)
    }

    private mutating func refill(_ now: Duration) {
        tokens = min(tokens + Double((now - time).nanoseconds) / 1e9 * perSecond, most)
        time = max(time, now)
    }
}
