/// A type of node that a configuration can name: what it is, and how one is made of a node's settings.
public struct Component<Made>: Sendable {
    /// The type's name, fields and summary.
    public let specification: ComponentSpecification
    /// The files that a node with these settings will work on.
    public let files: @Sendable (Settings) -> [FileUse]
    /// Makes one of settings that fit the specification.
    ///
    /// It may throw ``ConfigurationError`` for what only the component can see.
    public let make: @Sendable (Settings) throws -> Made

    package init(
        _ specification: ComponentSpecification,
        files: @escaping @Sendable (Settings) -> [FileUse] = { _ in [] },
        make: @escaping @Sendable (Settings) throws -> Made
    ) {
        self.specification = specification
        self.files = files
        self.make = make
    }
}

/// A type of source.
public typealias SourceComponent = Component<any Source>
/// A type of stage.
public typealias StageComponent = Component<StageImplementation>
/// A type of sink.
public typealias SinkComponent = Component<any Sink>

extension Component where Made == any Source {
    /// A type of source, by the name that a configuration gives as its `type`.
    public init(
        _ type: String,
        _ summary: String,
        fields: [FieldSpecification],
        files: @escaping @Sendable (Settings) -> [FileUse] = { _ in [] },
        make: @escaping @Sendable (Settings) throws -> any Source
    ) {
        let specification = ComponentSpecification(kind: .source, type: type, summary: summary, fields: fields)
        self.init(specification, files: files, make: make)
    }
}

extension Component where Made == any Sink {
    /// A type of sink, by the name that a configuration gives as its `type`.
    public init(
        _ type: String,
        _ summary: String,
        fields: [FieldSpecification],
        files: @escaping @Sendable (Settings) -> [FileUse] = { _ in [] },
        make: @escaping @Sendable (Settings) throws -> any Sink
    ) {
        let specification = ComponentSpecification(kind: .sink, type: type, summary: summary, fields: fields)
        self.init(specification, files: files, make: make)
    }
}

extension Component where Made == StageImplementation {
    /// A type of stage, by the name that a configuration gives as its `type`.
    public init(
        _ type: String,
        _ summary: String,
        fields: [FieldSpecification],
        make: @escaping @Sendable (Settings) throws -> StageImplementation
    ) {
        self.init(ComponentSpecification(kind: .stage, type: type, summary: summary, fields: fields), make: make)
    }
}

/// What a stage of some type does.
public struct StageImplementation: Sendable {
    package let factory: ProcessorFactory
    let isBlocking: Bool
    let script: ScriptIdentity?
    /// The ports that it is known to emit to.
    package let ports: [String]
    /// Whether it takes a batch of jobs at once.
    let takesBatches: Bool

    /// Each worker has a handler of its own.
    ///
    /// With `isBlocking` the workers get threads of the stage's own.
    public init(
        isBlocking: Bool = false,
        ports: [String] = [],
        makeHandler: @escaping @Sendable (WorkerContext) async throws -> any Handler
    ) {
        self.init(isBlocking: isBlocking, ports: ports, script: nil) { HandlerProcessor(try await makeHandler($0), $0) }
    }

    package init(
        isBlocking: Bool,
        ports: [String],
        script: ScriptIdentity?,
        takesBatches: Bool = false,
        factory: @escaping ProcessorFactory
    ) {
        self.factory = factory
        self.isBlocking = isBlocking
        self.script = script
        self.takesBatches = takesBatches
        self.ports = ports
    }
}
