/// One node of a pipeline: a source, a stage or a sink, with its place in the graph.
public struct PipelineNode: Sendable {
    enum Role: Sendable {
        case source(any Source)
        case stage(StageSettings, ProcessorFactory, scripted: Bool)
        case sink(any Sink)
    }

    /// The node's name, which is unique in the pipeline.
    public let name: String
    /// What it reads: `"name"`, or `"name.port"` for what a stage emits to that port.
    ///
    /// Nil is the node before it; the first node that is no source reads from all sources.
    public var inputs: [String]?
    /// The channel in front of it.
    ///
    /// A source has none.
    public var channel = ChannelLimits()
    /// How long a source's messages may take, from when the pipeline takes them in; nil for as long as it takes.
    public var deadline: Duration?
    /// What happens to the other jobs of a source's message when one of them fails.
    public var onSiblingFailure = SiblingPolicy.proceed
    /// What happens to a job that fails here.
    ///
    /// Nil is ``ErrorPolicy/deadLetter`` where the pipeline has dead letters, else ``ErrorPolicy/reject`` for a
    /// source's own messages, else ``ErrorPolicy/stop``.
    public var onError: ErrorPolicy?
    /// The script of a scripted stage, for dead letters.
    package var script: ScriptIdentity?
    let role: Role

    init(name: String, inputs: [String]? = nil, channel: ChannelLimits = ChannelLimits(), role: Role) {
        self.name = name
        self.inputs = inputs
        self.channel = channel
        self.role = role
    }
}

/// The order in which a stage's results go on.
public enum JobOrder: String, Sendable, CaseIterable {
    /// As they come.
    case none
    /// As the jobs came in, however many workers there are.
    case input
}

/// How a stage works.
public struct StageSettings: Sendable {
    /// How many workers there are.
    public var workers: Int
    /// The order in which results go on.
    public var order: JobOrder
    /// Whether the workers run on threads of the stage's own, at most one for each core: for handlers that block or
    /// compute for long, which would hold up everything else on Swift's own threads.
    public var ownThreads: Bool
    /// How long an attempt at a job may take before it is stopped; nil for as long as it takes.
    ///
    /// It is stopped no earlier, and no later than an eighth of this after.
    public var timeout: Duration?
    /// How old a message may be whose job is started or handled here, counted from when the pipeline took it in; an
    /// older one has ``Outcome/expired``.
    ///
    /// Jobs that come out of the stage keep what is left of it.
    public var deadline: Duration?
    /// When a failed job is tried again; nil is never, unless a script asks for it.
    public var retry: RetryPolicy?
    /// When the stage takes a break because too many attempts fail.
    public var breaker: BreakerPolicy?
    /// How jobs are gathered for a handler of batches; nil where each is handled by itself.
    public var batch: BatchPolicy?
    /// How many workers may be given up because they can't be stopped, before the pipeline fails.
    public var maxStuckWorkers = 8

    /// Settings; the default is one worker on Swift's own threads.
    public init(workers: Int = 1, order: JobOrder = .none, ownThreads: Bool = false) {
        self.workers = max(workers, 1)
        self.order = order
        self.ownThreads = ownThreads
    }
}

// MARK: Sources

extension PipelineNode {
    /// A source.
    public static func source(_ name: String, _ source: any Source) -> PipelineNode {
        PipelineNode(name: name, role: .source(source))
    }

    /// A source that is a closure: it sends until there is no more, or until its task is cancelled.
    public static func source(
        _ name: String,
        run: @escaping @Sendable (SourceOutput) async throws -> Void
    ) -> PipelineNode {
        .source(name, ClosureSource(body: run))
    }

    /// A source that is an asynchronous sequence of values.
    public static func source<Values: AsyncSequence & Sendable>(
        _ name: String,
        from values: Values
    ) -> PipelineNode where Values.Element == Value {
        .source(name) { output in
            for try await value in values { try await output.send(value) }
        }
    }
}

private struct ClosureSource: Source {
    let body: @Sendable (SourceOutput) async throws -> Void

    func run(_ output: SourceOutput) async throws { try await body(output) }
}

// MARK: Stages

extension PipelineNode {
    /// A stage whose workers each have a handler of their own.
    public static func stage(
        _ name: String,
        inputs: [String]? = nil,
        _ settings: StageSettings = StageSettings(),
        makeHandler: @escaping @Sendable (WorkerContext) async throws -> any Handler
    ) -> PipelineNode {
        let factory: ProcessorFactory = { HandlerProcessor(try await makeHandler($0), $0) }
        return PipelineNode(name: name, inputs: inputs, role: .stage(settings, factory, scripted: false))
    }

    /// A stage that is a closure.
    ///
    /// What it returns goes on, nil is filtered, an error fails the job; the context gives more results on.
    public static func stage(
        _ name: String,
        inputs: [String]? = nil,
        _ settings: StageSettings = StageSettings(),
        handle: @escaping @Sendable (Job, JobContext) async throws -> Value?
    ) -> PipelineNode {
        .stage(name, inputs: inputs, settings) { _ in ClosureHandler(body: handle) }
    }

    /// A stage that is a plain function of the value, which neither waits nor emits: the cheapest there is.
    public static func stage(
        _ name: String,
        inputs: [String]? = nil,
        _ settings: StageSettings = StageSettings(),
        transform: @escaping @Sendable (Value) throws -> Value?
    ) -> PipelineNode {
        let factory: ProcessorFactory = { _ in TransformProcessor(transform) }
        return PipelineNode(name: name, inputs: inputs, role: .stage(settings, factory, scripted: false))
    }

    /// A stage that works on whole batches, as scripts do.
    package static func stage(
        _ name: String,
        inputs: [String]? = nil,
        _ settings: StageSettings,
        processor: @escaping ProcessorFactory
    ) -> PipelineNode {
        PipelineNode(name: name, inputs: inputs, role: .stage(settings, processor, scripted: true))
    }
}

// MARK: Sinks

extension PipelineNode {
    /// A sink.
    public static func sink(_ name: String, inputs: [String]? = nil, _ sink: any Sink) -> PipelineNode {
        PipelineNode(name: name, inputs: inputs, role: .sink(sink))
    }

    /// A sink that is a closure: when it returns, the jobs count as delivered.
    public static func sink(
        _ name: String,
        inputs: [String]? = nil,
        write: @escaping @Sendable (borrowing SinkBatch) async throws -> Void
    ) -> PipelineNode {
        .sink(name, inputs: inputs, ClosureSink(body: write))
    }
}

private struct ClosureSink: Sink {
    let body: @Sendable (borrowing SinkBatch) async throws -> Void

    func write(_ batch: borrowing SinkBatch) async throws { try await body(batch) }
}
