import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// An executor that runs one task at a time, chosen by a seed among those that can run, in virtual time.
///
/// Time moves only when nothing can run: to the moment at which the next sleeper is due. ``simulate(seed:limits:_:)``
/// makes one and drives it on a thread of its own.
public final class SeededScheduler: TaskExecutor {
    /// Why a simulation is over though its body has not returned, or should not have.
    enum Verdict: Sendable {
        case stuck(outsiders: Int)
        case steps(runnable: Int, sleepers: Int)
        case time(sleepers: Int)
        case sleepers(Int)
        case outsiders(Int)
    }

    /// Which of the tasks that can run is taken: a seed has one of these for good, since each finds other mistakes.
    private enum Habit: CaseIterable { case any, newest, oldest }

    private enum Step {
        case run(UnownedJob)
        case wake([CheckedContinuation<Bool, Never>])
        case over(Verdict?)
    }

    private struct Sleeper {
        let id: UInt64
        let deadline: Duration
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var random: SeededRandom
        var habit: Habit
        var runnable: [UnownedJob] = []
        var sleepers: [Sleeper] = []
        /// Whether one of them has slept for as long as it wanted, which was no time at all.
        var hasDue = false
        var now = Duration.zero
        var steps = 0
        var mostSteps: Int
        var fingerprint: UInt64 = 0
        var lastID: UInt64 = 0
        var driver: pthread_t?
        var outsiders = 0
        var isDone = false
    }

    private let state: Mutex<State>
    private let limits: SimulationLimits

    init(seed: UInt64, limits: SimulationLimits) {
        var random = SeededRandom(seed: seed, stream: .max)
        let habit = Habit.allCases.randomElement(using: &random) ?? .any
        state = Mutex(State(random: random, habit: habit, mostSteps: limits.steps))
        self.limits = limits
    }

    /// The virtual time.
    public var now: Duration { state.withLock { $0.now } }

    /// How many tasks have been run so far, each up to where it had to wait.
    public var steps: Int { state.withLock { $0.steps } }

    /// How many tasks are asleep.
    public var sleeping: Int { state.withLock { $0.sleepers.count } }

    /// What was chosen so far, as a number: equal where two runs took the same way.
    public var fingerprint: UInt64 { state.withLock { $0.fingerprint } }

    /// Takes a task that can run.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { state in
            state.runnable.append(job)
            if let driver = state.driver, pthread_equal(driver, pthread_self()) == 0 { state.outsiders += 1 }
        }
    }

    // MARK: Driving

    /// The body of the simulation has come to its end.
    func finish() { state.withLock { $0.isDone = true } }

    /// Whether it has.
    var isDone: Bool { state.withLock { $0.isDone } }

    /// Runs everything, up to where nothing is left.
    ///
    /// Where that takes too long or goes nowhere, or should not have been possible, `failed` hears of it, once; what
    /// then still can come to its end does.
    func drive(failed: (Verdict) -> Void) {
        state.withLock { $0.driver = pthread_self() }
        var hasFailed = false
        while true {
            switch next() {
            case .run(let job): job.runSynchronously(on: asUnownedTaskExecutor())
            case .wake(let woken): for continuation in woken { continuation.resume(returning: true) }
            case .over(let verdict):
                if hasFailed { return }
                guard let verdict = verdict ?? outsiders else { return }
                hasFailed = true
                state.withLock { $0.mostSteps = $0.steps + Self.stepsToGiveUp }
                failed(verdict)
                if case .sleepers = verdict { cancelSleepers() }
            }
        }
    }

    private var outsiders: Verdict? {
        let count = state.withLock { $0.outsiders }
        return count > 0 ? .outsiders(count) : nil
    }

    private func cancelSleepers() {
        let sleepers = state.withLock { state in
            defer { state.sleepers = [] }
            return state.sleepers
        }
        for sleeper in sleepers { sleeper.continuation.resume(returning: false) }
    }

    private func next() -> Step {
        state.withLock { state in
            guard state.steps < state.mostSteps else {
                return .over(.steps(runnable: state.runnable.count, sleepers: state.sleepers.count))
            }
            if state.hasDue { return .wake(wakeDue(&state)) }
            // A task that can run may do so later than another's timer: that is where races with timers are.
            let isLate = !state.sleepers.isEmpty && limits.lateness > 0 && state.random.chance(limits.lateness)
            if !state.runnable.isEmpty && !isLate { return .run(choose(&state)) }
            if state.isDone && state.runnable.isEmpty {
                return .over(state.sleepers.isEmpty ? nil : .sleepers(state.sleepers.count))
            }
            guard let deadline = state.sleepers.map(\.deadline).min() else {
                return .over(.stuck(outsiders: state.outsiders))
            }
            guard deadline <= limits.time else { return .over(.time(sleepers: state.sleepers.count)) }
            state.now = max(state.now, deadline)
            return .wake(wakeDue(&state))
        }
    }

    private func choose(_ state: inout State) -> UnownedJob {
        let count = state.runnable.count
        var index = Int.random(in: 0..<count, using: &state.random)
        switch state.habit {
        case .any: break
        case .newest: if state.random.chance(0.75) { index = count - 1 }
        case .oldest: if state.random.chance(0.75) { index = 0 }
        }
        state.steps += 1
        let time = UInt64(bitPattern: state.now.components.seconds ^ state.now.components.attoseconds)
        var mixed = SeededRandom(seed: state.fingerprint ^ time ^ UInt64(count << 32 | index))
        state.fingerprint = mixed.next()
        return state.runnable.remove(at: index)
    }

    private func wakeDue(_ state: inout State) -> [CheckedContinuation<Bool, Never>] {
        let now = state.now
        state.hasDue = false
        var due = state.sleepers.filter { $0.deadline <= now }
        state.sleepers.removeAll { $0.deadline <= now }
        due.shuffle(using: &state.random)
        return due.map(\.continuation)
    }

    private static let stepsToGiveUp = 100_000

    // MARK: Sleeping

    func makeSleeperID() -> UInt64 {
        state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
    }

    /// Wakes the continuation when that much time has passed: true; false where its task is cancelled.
    func sleep(_ continuation: CheckedContinuation<Bool, Never>, id: UInt64, for duration: Duration) {
        let sleeps = state.withLock { state in
            // A task is marked as cancelled before its handler runs, so one of the two is seen.
            if Task.isCancelled { return false }
            let deadline = state.now + min(max(duration, .zero), Self.longest)
            state.hasDue = state.hasDue || duration <= .zero
            state.sleepers.append(Sleeper(id: id, deadline: deadline, continuation: continuation))
            return true
        }
        if !sleeps { continuation.resume(returning: false) }
    }

    /// Wakes a sleeper whose task was cancelled.
    func cancelSleeper(_ id: UInt64) {
        let sleeper = state.withLock { state in
            state.sleepers.firstIndex { $0.id == id }.map { state.sleepers.remove(at: $0) }
        }
        sleeper?.continuation.resume(returning: false)
    }

    /// As good as for ever, and far from where durations overflow.
    private static let longest = Duration.seconds(1 << 40)
}
