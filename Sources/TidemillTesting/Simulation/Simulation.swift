import Synchronization
public import Tidemill

/// What the body of a simulation works with: its clock, its executor, its random numbers.
public final class Simulation: Sendable {
    /// Something that a test wrote down.
    public struct Note: Hashable, Sendable, CustomStringConvertible {
        /// When, in virtual time.
        public let time: Duration
        /// What.
        public let text: String
        /// When and what.
        public var description: String { "\(time): \(text)" }
    }

    private struct State {
        var notes: [Note] = []
        var pipelines: [Pipeline] = []
    }

    /// The seed that everything follows from.
    public let seed: UInt64
    /// Where all of the simulation's tasks run.
    public let executor: SeededScheduler
    /// The virtual time.
    public let clock: VirtualClock
    private let state = Mutex(State())

    init(seed: UInt64, limits: SimulationLimits) {
        self.seed = seed
        executor = SeededScheduler(seed: seed, limits: limits)
        clock = VirtualClock(executor)
    }

    /// Options for a pipeline of the simulation: its clock, its executor and no log.
    public var options: PipelineOptions {
        var options = PipelineOptions.quiet
        options.clock = clock
        options.executor = executor
        let random = Mutex(self.random(stream: .max))
        options.random = { random.withLock { $0.next() } }
        return options
    }

    /// Random numbers for the test's own choices.
    ///
    /// A stream has the same numbers whenever it is asked for, so what has a stream of its own (a source, a handler)
    /// doesn't depend on who runs first.
    public func random(stream: UInt64 = 0) -> SeededRandom { SeededRandom(seed: seed, stream: stream) }

    /// Starts a task in the simulation.
    ///
    /// A plain `Task { }` doesn't take its executor over from where it is made, and would run outside.
    @discardableResult
    public func task<Success: Sendable>(
        _ body: @escaping @Sendable () async throws -> Success
    ) -> Task<Success, any Error> {
        Task(executorPreference: executor) { try await body() }
    }

    /// Runs a pipeline to its end and checks books, ledgers and channels, as ``runPipeline(_:deadLetters:options:during:)``.
    ///
    /// - Parameters:
    ///   - options: by default those of the simulation; others need its clock and its executor, too.
    ///   - during: runs beside the pipeline, for what the test does to it.
    ///
    /// - Throws: ``PipelineImbalance``, or what `during` or building the pipeline threw. A failure of the pipeline itself
    ///   is in the report.
    public func run(
        _ nodes: [PipelineNode],
        deadLetters: (any Sink)? = nil,
        options: PipelineOptions? = nil,
        during: @Sendable (Pipeline) async throws -> Void = { _ in }
    ) async throws -> PipelineReport {
        try await runPipeline(nodes, deadLetters: deadLetters, options: options ?? self.options) { pipeline in
            watch(pipeline)
            try await during(pipeline)
        }
    }

    /// Has a failure of the simulation tell what the pipeline was doing.
    public func watch(_ pipeline: Pipeline) { state.withLock { $0.pipelines.append(pipeline) } }

    // MARK: Notes

    /// Writes something down, with the time; a failure shows the last of these.
    public func note(_ text: String) {
        let note = Note(time: clock.now, text: text)
        state.withLock { $0.notes.append(note) }
    }

    /// What was written down so far.
    public var notes: [Note] { state.withLock { $0.notes } }

    // MARK: Failing

    func failure(_ verdict: SeededScheduler.Verdict) -> SimulationFailure {
        switch verdict {
        case .stuck(let outsiders):
            failure(
                .stuck,
                outsiders > 0 ? Self.woken(outsiders) : "it may wait for something outside of the simulation"
            )
        case .steps(let runnable, let sleepers):
            failure(.tooManySteps, "\(runnable) tasks could run, \(sleepers) were asleep")
        case .time(let sleepers): failure(.tooMuchTime, "\(sleepers) tasks were asleep")
        case .sleepers(let count): failure(.leftSleepers, "\(count) tasks were asleep")
        case .outsiders(let count): failure(.outsiders, Self.woken(count))
        }
    }

    private static func woken(_ count: Int) -> String {
        "\(count) times a task was woken from outside; a plain Task { } runs there"
    }

    func failure(_ reason: SimulationFailure.Reason, _ detail: String? = nil) -> SimulationFailure {
        let (notes, pipelines) = state.withLock { ($0.notes, $0.pipelines) }
        return SimulationFailure(
            seed: seed,
            reason: reason,
            time: clock.now,
            steps: executor.steps,
            fingerprint: executor.fingerprint,
            details: [detail].compactMap(\.self) + pipelines.flatMap { Self.state(of: $0.snapshot()) }
                + notes.suffix(20).map(\.description)
        )
    }

    private static func state(of pipeline: PipelineSnapshot) -> [String] {
        let phase = pipeline.isEnded ? "ended" : pipeline.isDraining ? "draining" : "running"
        let nodes = pipeline.nodes.filter { $0.queued > 0 || $0.busy > 0 }
        return ["pipeline \(pipeline.name): \(phase), \(pipeline.books.open) jobs open"]
            + nodes.map { "\($0.name): \($0.queued) jobs queued, \($0.busy) of \($0.workers) workers busy" }
    }
}
