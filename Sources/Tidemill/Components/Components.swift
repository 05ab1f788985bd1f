/// The types of sources, stages and sinks that configurations may name.
///
/// There is no global list of them: whoever loads a configuration says what it may contain.
public struct Components: Sendable {
    private(set) var sources: [String: SourceComponent] = [:]
    private(set) var stages: [String: StageComponent] = [:]
    private(set) var sinks: [String: SinkComponent] = [:]
    /// Makes the durable channel that is kept in a file, under a name of its own in there; nil where the program has none.
    public var makeDurableChannel: (@Sendable (_ path: String, _ name: String) throws -> any DurableChannel)?
    /// Their specifications, for decoding, schema and reference.
    public private(set) var registry = ComponentRegistry()

    /// No components.
    public init() {}

    /// Adds a type of source, in place of one of the same name.
    public mutating func add(_ component: SourceComponent) {
        sources[component.specification.type] = component
        registry.add(component.specification)
    }

    /// Adds a type of stage, in place of one of the same name.
    public mutating func add(_ component: StageComponent) {
        stages[component.specification.type] = component
        registry.add(component.specification)
    }

    /// Adds a type of sink, in place of one of the same name.
    public mutating func add(_ component: SinkComponent) {
        sinks[component.specification.type] = component
        registry.add(component.specification)
    }
}
