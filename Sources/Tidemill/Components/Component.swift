/// A type of source that a configuration can name: what it is, and how one is made.
public struct SourceComponent: Sendable {
    /// The type's name, fields and summary.
    public let specification: ComponentSpecification
    /// Makes a source of a node's settings, which fit the specification.
    public let make: @Sendable (Settings) throws -> any Source
    /// The files that a node with these settings will work on.
    public let files: @Sendable (Settings) -> [FileUse]

    /// A type of source.
    ///
    /// `make` may throw ``ConfigurationError`` for what only the component can see.
    public init(
        _ type: String,
        _ summary: String,
        fields: [FieldSpecification],
        files: @escaping @Sendable (Settings) -> [FileUse] = { _ in [] },
        make: @escaping @Sendable (Settings) throws -> any Source
    ) {
        specification = ComponentSpecification(kind: .source, type: type, summary: summary, fields: fields)
        self.files = files
        self.make = make
    }
}

/// A type of sink that a configuration can name: what it is, and how one is made.
public struct SinkComponent: Sendable {
    /// The type's name, fields and summary.
    public let specification: ComponentSpecification
    /// Makes a sink of a node's settings, which fit the specification.
    public let make: @Sendable (Settings) throws -> any Sink
    /// The files that a node with these settings will work on.
    public let files: @Sendable (Settings) -> [FileUse]

    /// A type of sink.
    ///
    /// `make` may throw ``ConfigurationError`` for what only the component can see.
    public init(
        _ type: String,
        _ summary: String,
        fields: [FieldSpecification],
        files: @escaping @Sendable (Settings) -> [FileUse] = { _ in [] },
        make: @escaping @Sendable (Settings) throws -> any Sink
    ) {
        specification = ComponentSpecification(kind: .sink, type: type, summary: summary, fields: fields)
        self.files = files
        self.make = make
    }
}

/// A type of stage that a configuration can name: what it is, and how its workers are made.
public struct StageComponent: Sendable {
    /// What a stage of the type does.
    public struct Implementation: Sendable {
        package let factory: ProcessorFactory
        let isBlocking: Bool
        let script: ScriptIdentity?
        /// The ports that it is known to emit to.
        package let ports: [String]

        /// Each worker has a handler of its own.
        ///
        /// With `isBlocking` the workers get threads of the stage's own.
        public init(
            isBlocking: Bool = false,
            ports: [String] = [],
            makeHandler: @escaping @Sendable (WorkerContext) async throws -> any Handler
        ) {
            self.init(isBlocking: isBlocking, ports: ports, script: nil) {
                HandlerProcessor(try await makeHandler($0), $0)
            }
        }

        package init(
            isBlocking: Bool,
            ports: [String],
            script: ScriptIdentity?,
            factory: @escaping ProcessorFactory
        ) {
            self.factory = factory
            self.isBlocking = isBlocking
            self.script = script
            self.ports = ports
        }
    }

    /// The type's name, fields and summary.
    public let specification: ComponentSpecification
    /// Makes what a stage does of its settings, which fit the specification.
    public let make: @Sendable (Settings) throws -> Implementation

    /// A type of stage.
    ///
    /// `make` may throw ``ConfigurationError`` for what only the component can see.
    public init(
        _ type: String,
        _ summary: String,
        fields: [FieldSpecification],
        make: @escaping @Sendable (Settings) throws -> Implementation
    ) {
        self.init(ComponentSpecification(kind: .stage, type: type, summary: summary, fields: fields), make: make)
    }

    package init(_ specification: ComponentSpecification, make: @escaping @Sendable (Settings) throws -> Implementation)
    {
        self.specification = specification
        self.make = make
    }
}
