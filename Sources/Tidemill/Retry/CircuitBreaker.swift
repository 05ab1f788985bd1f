/// When a stage stops taking jobs because too many fail.
public struct BreakerPolicy: Sendable, Hashable {
    /// Which share of the jobs has to fail.
    public var failureRatio: Double
    /// Of how many at least.
    public var minJobs: Int
    /// Over how long a time.
    public var window: Duration
    /// How long the stage then takes no jobs, the first time; each failed trial doubles it.
    public var pause: Duration
    /// The longest pause.
    public var maxPause: Duration

    /// A policy; by default half of at least 20 jobs within 10 s, and a pause of 5 s up to a minute.
    public init(
        failureRatio: Double = 0.5,
        minJobs: Int = 20,
        window: Duration = .seconds(10),
        pause: Duration = .seconds(5),
        maxPause: Duration = .seconds(60)
    ) {
        self.failureRatio = failureRatio
        self.minJobs = max(minJobs, 1)
        self.window = window
        self.pause = pause
        self.maxPause = max(maxPause, pause)
    }
}

/// The rules of a circuit breaker, without clock and lock.
///
/// Closed, it counts. Open, the stage takes no jobs, which fills the channel in front of it and so holds up whoever
/// sends: nothing is dropped. After a pause one job is let through on trial, and its end decides.
struct CircuitBreaker {
    /// What the stage's gate is to let through.
    enum Gate: Equatable {
        case open
        /// Nothing until then.
        case shut(until: Duration)
        /// One job, on trial.
        case trial
    }

    private enum State: Equatable { case closed, open(until: Duration), trial }

    private let policy: BreakerPolicy
    private var state = State.closed
    private var pause: Duration
    private var counts = SlidingCounts()
    /// How often the stage stopped taking jobs.
    private(set) var openings = 0

    init(_ policy: BreakerPolicy) {
        self.policy = policy
        pause = policy.pause
    }

    /// Whether the stage takes jobs as they come.
    var isClosed: Bool { state == .closed }

    /// What the stage's gate lets through.
    var gate: Gate {
        switch state {
        case .closed: .open
        case .open(let until): .shut(until: until)
        case .trial: .trial
        }
    }

    /// Attempts have ended; the gate's new position, if it changes.
    mutating func record(succeeded: Int, failed: Int, now: Duration) -> Gate? {
        switch state {
        case .open:
            // Attempts that were under way when it opened.
            return nil
        case .trial:
            if failed > 0 {
                pause = min(pause + pause, policy.maxPause)
                return open(now)
            }
            guard succeeded > 0 else { return .trial }
            state = .closed
            pause = policy.pause
            counts = SlidingCounts()
            return .open
        case .closed:
            counts.add(succeeded: succeeded, failed: failed, now: now, window: policy.window)
            guard failed > 0, counts.total >= policy.minJobs,
                Double(counts.failed) >= policy.failureRatio * Double(counts.total)
            else { return nil }
            return open(now)
        }
    }

    /// The pause may be over; the gate's new position, if it is.
    mutating func wake(now: Duration) -> Gate? {
        guard case .open(let until) = state, until <= now else { return nil }
        state = .trial
        return .trial
    }

    private mutating func open(_ now: Duration) -> Gate {
        state = .open(until: now + pause)
        openings += 1
        counts = SlidingCounts()
        return .shut(until: now + pause)
    }
}

/// How many attempts succeeded and failed within a window, in ten steps of it.
private struct SlidingCounts {
    private var steps = [(succeeded: Int, failed: Int)](repeating: (0, 0), count: 10)
    private var last = 0

    var failed: Int { steps.reduce(0) { $0 + $1.failed } }
    var total: Int { steps.reduce(0) { $0 + $1.succeeded + $1.failed } }

    mutating func add(succeeded: Int, failed: Int, now: Duration, window: Duration) {
        let step = now.nanoseconds / max(window.nanoseconds / steps.count, 1)
        for old in max(last + 1, step - steps.count + 1)..<max(step + 1, last + 1) where step > last {
            steps[old % steps.count] = (0, 0)
        }
        last = max(last, step)
        steps[last % steps.count].succeeded += succeeded
        steps[last % steps.count].failed += failed
    }
}
