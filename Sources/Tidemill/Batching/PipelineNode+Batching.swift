extension PipelineNode {
    /// A stage whose workers each have a handler of batches of their own.
    ///
    /// Jobs are gathered as ``StageSettings/batch`` says, or by its default.
    public static func batchStage(
        _ name: String,
        inputs: [String]? = nil,
        _ settings: StageSettings = StageSettings(),
        makeHandler: @escaping @Sendable (WorkerContext) async throws -> any BatchHandler
    ) -> PipelineNode {
        var settings = settings
        settings.batch = settings.batch ?? BatchPolicy()
        return .stage(name, inputs: inputs, settings, processor: batches(makeHandler))
    }

    /// A stage that is a closure of a batch of jobs.
    ///
    /// It returns what became of each; an error fails all of them.
    public static func batchStage(
        _ name: String,
        inputs: [String]? = nil,
        _ settings: StageSettings = StageSettings(),
        handle: @escaping @Sendable ([Job], BatchContext) async throws -> [JobResult]
    ) -> PipelineNode {
        .batchStage(name, inputs: inputs, settings) { _ in ClosureBatchHandler(body: handle) }
    }

    static func batches(
        _ makeHandler: @escaping @Sendable (WorkerContext) async throws -> any BatchHandler
    ) -> ProcessorFactory {
        { BatchProcessor(BatchHandlerWork(try await makeHandler($0), $0), watch: $0.watch) }
    }
}

extension StageImplementation {
    /// Each worker has a handler of batches of its own.
    ///
    /// With `isBlocking` the workers get threads of the stage's own.
    public init(
        isBlocking: Bool = false,
        ports: [String] = [],
        makeBatchHandler: @escaping @Sendable (WorkerContext) async throws -> any BatchHandler
    ) {
        let factory = PipelineNode.batches(makeBatchHandler)
        self.init(isBlocking: isBlocking, ports: ports, script: nil, takesBatches: true, factory: factory)
    }
}
