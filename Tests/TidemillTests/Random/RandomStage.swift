import Synchronization
import Tidemill
import TidemillTesting

/// A stage whose handlers do with each job what a seed says.
final class RandomStage: Sendable {
    /// What a handler may do with a job: more of these is one line each, here, in ``behaviours`` and in ``handle(_:_:)``.
    enum Behaviour { case pass, filter, emit, fail, advise, sleep, ignoreCancellation }

    static let behaviours: [(weight: Int, choice: Behaviour)] = [
        (30, .pass), (4, .filter), (4, .emit), (4, .fail), (2, .advise), (6, .sleep), (1, .ignoreCancellation),
    ]
    static let dispatches: [(weight: Int, choice: DispatchMode)] = [
        (5, .shared), (2, .idle), (2, .key), (2, .perJob),
    ]
    static let orders: [(weight: Int, choice: JobOrder)] = [(5, .none), (3, .input), (4, .key)]
    /// How long a handler may go on after it was cancelled.
    static let longestNap = Duration.seconds(2)

    struct Counts {
        var opened = 0
        var closed = 0
        var filtered = 0
        /// How often a handler was called while it was at work, or after it was closed.
        var misused = 0
        var atWork = KeysAtWork()
    }

    /// How many jobs are at work, and the most there were at a time.
    struct KeysAtWork {
        private(set) var most = 0
        private(set) var mostOfOneKey = 0
        private var all = 0
        private var ofKey: [Bytes: Int] = [:]

        mutating func begin(_ key: Bytes?) {
            all += 1
            most = max(most, all)
            guard let key else { return }
            ofKey[key, default: 0] += 1
            mostOfOneKey = max(mostOfOneKey, ofKey[key, default: 0])
        }

        mutating func end(_ key: Bytes?) {
            all -= 1
            if let key { ofKey[key, default: 0] -= 1 }
        }
    }

    let name: String
    let inputs: [String]
    let settings: StageSettings
    /// The worker that fails to start.
    let brokenWorker: Int?
    let resizing: [RandomResizing]
    private let ports: [String]
    private let behaviours: [(weight: Int, choice: Behaviour)]
    private let simulation: Simulation
    private let draws: Draws
    private let isQuick: Bool
    private let state = Mutex(Counts())

    /// A stage that reads `inputs`; `ports` are those of its own that somebody reads, and a quick one never sleeps.
    init(
        _ name: String,
        inputs: [String],
        ports: [String],
        isQuick: Bool,
        _ simulation: Simulation,
        _ random: inout SeededRandom
    ) {
        self.name = name
        self.inputs = inputs
        self.ports = ports
        self.isQuick = isQuick
        self.simulation = simulation
        var settings = StageSettings(
            workers: random.pick([(4, 1), (3, 2), (2, 4), (1, 8)]),
            dispatch: random.pick(Self.dispatches),
            order: random.pick(Self.orders),
            ownThreads: random.chance(0.2)
        )
        settings.maxPerKey = random.chance(0.2) ? Int.random(in: 1...3, using: &random) : nil
        settings.key = { RandomSource.key(of: $0.value) }
        settings.timeout = random.chance(0.3) ? max(random.duration(upTo: .milliseconds(500)), .milliseconds(1)) : nil
        settings.deadline = random.chance(0.2) ? random.duration(upTo: .seconds(3)) : nil
        settings.retry = random.chance(0.4) ? Self.retry(&random) : nil
        settings.breaker = random.chance(0.2) ? BreakerPolicy(minJobs: 3, pause: .milliseconds(300)) : nil
        settings.maxStuckWorkers = 1_000
        self.settings = settings
        brokenWorker = random.chance(0.01) ? Int.random(in: 1...settings.workers, using: &random) : nil
        resizing =
            random.chance(0.25) ? (0..<Int.random(in: 1...6, using: &random)).map { _ in RandomResizing(&random) } : []
        // Each stage has a temper of its own: some fail much, some sleep much.
        var temper = Self.behaviours
        for index in temper.indices.dropFirst() { temper[index].weight *= Int.random(in: 0...3, using: &random) }
        behaviours = isQuick ? temper.filter { ![.sleep, .ignoreCancellation].contains($0.choice) } : temper
        draws = Draws(&random)
    }

    private static func retry(_ random: inout SeededRandom) -> RetryPolicy {
        RetryPolicy(
            maxAttempts: random.pick([(1, 1), (2, 2), (2, 4)]),
            maxElapsed: random.chance(0.3) ? random.duration(upTo: .seconds(5)) : nil,
            initialInterval: random.duration(upTo: .milliseconds(300)),
            maxInterval: .seconds(1),
            budgetPerSecond: random.pick([(1, 1), (2, 100)])
        )
    }

    /// How many attempts a job may have.
    private var mostAttempts: Int { settings.retry?.maxAttempts ?? RetryPolicy().maxAttempts }

    /// Whether a job may be tried again.
    var mayRetry: Bool { settings.retry != nil || behaviours.contains { $0.choice == .advise && $0.weight > 0 } }

    /// Whether jobs may be handled more than once, or be stopped while they are.
    var mayRepeat: Bool { settings.timeout != nil || settings.deadline != nil }

    var counts: Counts { state.withLock { $0 } }

    var node: PipelineNode {
        .stage(name, inputs: inputs, settings) { worker in
            // Some take their time to start.
            if !self.isQuick, self.draws.draw({ $0.chance(0.1) }) {
                try await worker.clock.sleep(for: self.draws.duration(upTo: .seconds(30)))
            }
            if worker.worker == self.brokenWorker { throw ScriptedError("\(self.name) can't start") }
            self.count { $0.opened += 1 }
            return RandomHandler(self)
        }
    }

    func count(_ change: (inout Counts) -> Void) { state.withLock { change(&$0) } }

    /// How many jobs of a key may be at work at a time.
    var mostOfOneKey: Int {
        settings.dispatch == .key || settings.order == .key ? 1 : settings.maxPerKey ?? .max
    }

    /// How many jobs may be at work at a time, at the most.
    var mostAtWork: Int {
        let sizes = resizing.map { if case .resize(let size) = $0.change { size } else { 1 } }
        return max(settings.workers, sizes.max() ?? 0) + resizing.count { $0.change == .add }
    }

    func handle(_ job: Job, _ context: JobContext) async throws -> Value? {
        let key = RandomSource.key(of: job.value)
        count { $0.atWork.begin(key) }
        defer { count { $0.atWork.end(key) } }
        if context.attempt > mostAttempts { count { $0.misused += 1 } }
        switch draws.draw({ [behaviours] in $0.pick(behaviours) }) {
        case .pass:
            return job.value
        case .filter:
            count { $0.filtered += 1 }
            return nil
        case .emit:
            return try emit(job.value, context)
        case .fail:
            throw ScriptedError("\(name) fails")
        case .advise:
            let after = draws.duration(upTo: .seconds(1))
            let advice = draws.draw { random -> JobFailure.Advice in
                random.pick([(2, .retry(after: after)), (1, .retry(after: nil)), (1, .never), (1, .reject)])
            }
            throw JobFailure(.handler, "\(name) has an opinion", advice: advice)
        case .sleep:
            try await context.worker.clock.sleep(for: draws.draw { $0.nap() })
            return job.value
        case .ignoreCancellation:
            let nap = draws.duration(upTo: Self.longestNap)
            let clock = context.worker.clock
            _ = await simulation.task { try await clock.sleep(for: nap) }.result
            return job.value
        }
    }

    private func emit(_ value: Value, _ context: JobContext) throws -> Value? {
        let targets = draws.draw { [ports] random in
            (0..<Int.random(in: 0...3, using: &random)).compactMap { _ in ports.randomElement(using: &random) }
        }
        for port in targets { try context.emit(value, to: port) }
        if draws.draw({ $0.chance(0.5) }) { return value }
        if targets.isEmpty { count { $0.filtered += 1 } }
        return nil
    }
}

/// One worker's handler, which notices when it is not used as one.
private final class RandomHandler: Handler {
    private let stage: RandomStage
    private var isBusy = false
    private var isClosed = false

    init(_ stage: RandomStage) { self.stage = stage }

    func handle(_ job: Job, _ context: JobContext) async throws -> Value? {
        if isBusy || isClosed { stage.count { $0.misused += 1 } }
        isBusy = true
        defer { isBusy = false }
        return try await stage.handle(job, context)
    }

    func close() async {
        if isBusy || isClosed { stage.count { $0.misused += 1 } }
        isClosed = true
        stage.count { $0.closed += 1 }
    }
}
