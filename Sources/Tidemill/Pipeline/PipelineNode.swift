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
    /// What keeps the jobs in front of it, where they are to outlive the process; ``channel`` is what is taken from there
    /// in advance.
    public var durableChannel: (any DurableChannel)?
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
