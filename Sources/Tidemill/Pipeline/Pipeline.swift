public import Logging
public import Metrics
public import ServiceLifecycle

/// Sources, stages and sinks, linked by bounded channels.
///
/// The way of one job: a ``Source`` brings it through its ``SourceOutput`` into a channel; a worker takes it out and
/// has a ``Handler`` or script handle it; a router sends what came of it into the next channel; a ``Sink`` delivers it;
/// and the source's ledger hears how it ended.
///
/// A pipeline is a `Service`: it runs until its sources have no more, drains on graceful shutdown, and stops at once
/// when its task is cancelled. It installs no signal handlers and has nothing global.
public final class Pipeline: Service {
    /// The pipeline's name in logs and summaries.
    public let name: String
    let parts: PipelineParts
    private let options: PipelineOptions

    /// Builds a pipeline, which starts with ``run()``.
    ///
    /// - Throws: ``PipelineError`` when the nodes don't fit together.
    public init(
        name: String,
        nodes: [PipelineNode],
        deadLetters: (any Sink)? = nil,
        options: PipelineOptions = PipelineOptions()
    ) throws(PipelineError) {
        self.name = name
        self.options = options
        let nodes = try PipelineNode.partedAtDurableChannels(nodes)
        parts = try PipelineParts(nodes: nodes, deadLetters: deadLetters, options: options)
    }

    /// Runs until every source has come to its end and every job has an outcome, or until it is stopped.
    ///
    /// Once.
    ///
    /// - Throws: ``PipelineError`` when a node could not start, a source or a sink broke, or a job failed where the
    ///   policy is to stop. All jobs have an outcome then, too.
    public func run() async throws {
        guard parts.control.start() else { throw PipelineError(.start, node: name, "a pipeline runs once") }
        let run = PipelineRun(parts, options)
        let metrics = PipelineMetrics(name, parts)
        metrics?.start()
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await run.run()
            } onGracefulShutdown: {
                self.drain()
            }
        } onCancel: {
            self.cancel()
        }
        metrics?.collect()
        if let failure = parts.control.failure { throw failure }
    }

    /// Asks the sources to stop.
    ///
    /// What they brought is processed; if that takes longer than the shutdown timeout, the rest is cancelled.
    public func drain() {
        guard !parts.control.isDraining else { return }
        parts.control.drain()
        let timer = ActionTimer { [parts] in parts.cancel() }
        parts.timers.set(timer, at: options.clock.now + options.shutdownTimeout)
    }

    /// Stops at once: handlers are interrupted, and jobs that are not done are cancelled.
    public func cancel() {
        parts.cancel()
    }

    /// What the pipeline is doing now, or did.
    public func snapshot() -> PipelineSnapshot {
        parts.snapshot(name: name)
    }

    /// How many of the sources' messages are unsettled; none are after a run.
    package var unsettledMessages: Int { parts.ledgers.map(\.unsettled).reduce(0, +) }
}

/// What a pipeline takes from the program that it runs in.
public struct PipelineOptions: Sendable {
    /// Where it logs.
    public var logger: Logger
    /// Where it gets its time from.
    public var clock: any PipelineClock
    /// How long a drain may take before the rest is cancelled.
    public var shutdownTimeout: Duration
    /// How many messages of each source may be in flight, unsettled; rounded up to a power of two.
    public var inFlight: Int
    /// Where all tasks of the pipeline run, in place of threads of their own; for tests that want to decide who runs
    /// next.
    public var executor: (any TaskExecutor)?
    /// Where random numbers come from, for the waits between attempts and the names of dead letters; for tests that
    /// want the same in every run.
    public var random: @Sendable () -> UInt64 = { .random(in: 0 ... .max) }
    /// How long a job may take to stop that was told to, before its worker is given up and replaced.
    public var stopGrace: Duration = .seconds(1)
    /// Where metrics go; nil is the program's own backend, as it is when the run starts.
    public var metrics: (any MetricsFactory)?
    /// How often counters and gauges are brought up to date during a run; they are once more at its end.
    public var metricsInterval: Duration = .seconds(1)
    /// How many of the jobs that are left at the end ``Pipeline/leftovers`` has in detail.
    public var leftoverDetails = 1_000

    /// Options; the defaults are a logger named "tidemill", the system's clock, 25 s and 131,072 messages.
    public init(
        logger: Logger = Logger(label: "tidemill"),
        clock: any PipelineClock = SystemClock(),
        shutdownTimeout: Duration = .seconds(25),
        inFlight: Int = 131_072
    ) {
        self.logger = logger
        self.clock = clock
        self.shutdownTimeout = shutdownTimeout
        self.inFlight = inFlight
    }
}
