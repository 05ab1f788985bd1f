extension Pipeline {
    /// Builds the pipeline that a configuration describes, of these components.
    ///
    /// - Throws: ``ConfigurationError`` with everything that the components find wrong with their settings, all of it
    ///   in one go.
    public convenience init(
        _ configuration: PipelineConfiguration,
        components: Components,
        options: PipelineOptions = PipelineOptions()
    ) throws {
        var assembly = Assembly(configuration: configuration, components: components)
        let (nodes, deadLetters) = try assembly.build()
        var options = options
        options.shutdownTimeout = configuration.shutdownTimeout
        try self.init(name: configuration.name, nodes: nodes, deadLetters: deadLetters, options: options)
    }

    /// Builds the pipeline that a configuration describes, with other sources than it names and another sink for its
    /// dead letters.
    ///
    /// Each of `sources` sends to the node whose name it has: a stage, a sink, or, where that is a source, whatever
    /// reads it. A source of the configuration that has no such stand-in sends nothing, and is not even made. The
    /// stand-in for what a stage or a sink named `x` reads is called `replay:x`.
    ///
    /// - Throws: ``ConfigurationError`` with everything that the components find wrong with their settings, and
    ///   ``PipelineError`` where there is no node of a source's name.
    public convenience init(
        _ configuration: PipelineConfiguration,
        components: Components,
        replacingSourcesWith sources: [String: any Source],
        deadLetters: any Sink,
        options: PipelineOptions = PipelineOptions()
    ) throws {
        var assembly = Assembly(configuration: configuration, components: components)
        assembly.standIns = sources
        let (nodes, _) = try assembly.build()
        for name in sources.keys.sorted() where !nodes.contains(where: { $0.name == name }) {
            throw PipelineError(.wiring, node: name, "there is no such node to send to")
        }
        var options = options
        options.shutdownTimeout = configuration.shutdownTimeout
        try self.init(name: configuration.name, nodes: nodes, deadLetters: deadLetters, options: options)
    }
}

/// Makes the nodes of a configuration, and collects what is wrong with any of them.
private struct Assembly {
    let configuration: PipelineConfiguration
    let components: Components
    let rateLimits: [String: SharedRateLimit]
    /// What sends in place of the sources, by the node that it sends to.
    var standIns: [String: any Source]?
    var issues: [ConfigurationIssue] = []

    init(configuration: PipelineConfiguration, components: Components) {
        self.configuration = configuration
        self.components = components
        rateLimits = configuration.sharedRateLimits
    }

    mutating func build() throws -> ([PipelineNode], (any Sink)?) {
        let components = components
        var nodes: [PipelineNode] = []
        for source in configuration.sources {
            guard let made = try make(source) else { continue }
            var node = PipelineNode.source(source.name, made)
            node.deadline = source.deadline
            node.onSiblingFailure = source.onSiblingFailure
            node.onError = explicitPolicy(source.settings)
            nodes.append(node)
        }
        for stage in configuration.stages {
            guard let made = try make(stage.settings, { try components.stages[stage.type]?.make($0) }) else { continue }
            issues += configuration.graph.portIssues(of: stage.name, emitted: made.ports)
            issues += batchIssues(stage, made)
            var node = node(stage, made)
            node.durableChannel = try durableChannel(of: stage.name, stage.settings)
            nodes.append(node)
        }
        for sink in configuration.sinks {
            guard let made = try make(sink.settings, { try components.sinks[sink.type]?.make($0) }) else { continue }
            var node = PipelineNode.sink(sink.name, inputs: inputs(sink.name), made)
            node.channel = sink.channel
            node.durableChannel = try durableChannel(of: sink.name, sink.settings)
            node.onError = explicitPolicy(sink.settings)
            nodes.append(node)
        }
        let deadLetters = try configuration.deadLetters.flatMap { letters in
            try make(letters.settings) { try components.sinks[letters.type]?.make($0) }
        }
        issues += fileConflicts
        if !issues.isEmpty { throw ConfigurationError(issues) }
        let added = addStandIns(to: &nodes)
        return (nodes + added, deadLetters)
    }

    private mutating func make(_ source: SourceConfiguration) throws -> (any Source)? {
        if let standIns { return standIns[source.name] ?? SilentSource() }
        let components = components
        return try make(source.settings) { try components.sources[source.type]?.make($0) }
    }

    /// Lets every stage and sink that has a stand-in read from it, too.
    private func addStandIns(to nodes: inout [PipelineNode]) -> [PipelineNode] {
        var added: [PipelineNode] = []
        for index in nodes.indices where !nodes[index].isSource {
            guard let source = standIns?[nodes[index].name] else { continue }
            let name = "replay:\(nodes[index].name)"
            nodes[index].inputs = (nodes[index].inputs ?? []) + [name]
            added.append(.source(name, source))
        }
        return added
    }

    private var fileConflicts: [ConfigurationIssue] {
        var conflicts = FileConflicts()
        for source in standIns == nil ? configuration.sources : [] {
            let uses = components.sources[source.type]?.files(source.settings) ?? []
            conflicts.add(uses, by: "the source \"\(source.name)\"", source.settings)
        }
        for sink in configuration.sinks + (configuration.deadLetters.map { [$0] } ?? []) {
            let uses = components.sinks[sink.type]?.files(sink.settings) ?? []
            conflicts.add(uses, by: "the sink \"\(sink.name)\"", sink.settings)
        }
        return conflicts.issues
            + conflicts.issues { source, sink in
                guard sink.pointer != configuration.deadLetters?.settings.pointer else { return true }
                return configuration.graph.canReach(sink.string("name"), from: source.string("name"))
            }
    }

    /// Makes one component; what it finds wrong with its settings joins the rest.
    private mutating func make<Made>(_ settings: Settings, _ make: (Settings) throws -> Made?) throws -> Made? {
        do {
            if let made = try make(settings) { return made }
            issues.append(settings.issue("this program has no such component"))
        } catch let error as ConfigurationError {
            issues += error.issues
        }
        return nil
    }

    /// What keeps the jobs in front of a node, if they are to be kept; where others stand in for the sources, those of
    /// the pipeline itself are not touched.
    private mutating func durableChannel(of node: String, _ settings: Settings) throws -> (any DurableChannel)? {
        guard standIns == nil, let channel = settings.optionalObject("channel"),
            channel.optionalString("type") == ChannelKind.durable.rawValue, let path = channel.optionalString("path")
        else { return nil }
        let components = components
        return try make(channel) { _ in try components.makeDurableChannel?(path, node) }
    }

    private func node(_ stage: StageConfiguration, _ made: StageImplementation) -> PipelineNode {
        var settings = StageSettings(stage, cores: onlineProcessors())
        settings.ownThreads = made.isBlocking
        settings.batch = stage.batch ?? (made.takesBatches ? BatchPolicy() : nil)
        settings.rateLimit = stage.rateLimit.map { $0.limit(among: rateLimits) }
        var node = PipelineNode.stage(stage.name, inputs: inputs(stage.name), settings, processor: made.factory)
        node.channel = stage.channel
        node.onError = explicitPolicy(stage.settings)
        node.script = made.script
        return node
    }

    private func batchIssues(_ stage: StageConfiguration, _ made: StageImplementation) -> [ConfigurationIssue] {
        guard stage.batch != nil, !made.takesBatches else { return [] }
        return [stage.settings.issue(at: "batch", "a stage of type \"\(stage.type)\" takes one job at a time")]
    }

    private func inputs(_ name: String) -> [String] {
        configuration.graph.inputs(of: name).map { edge in edge.port.map { "\(edge.from).\($0)" } ?? edge.from }
    }

    /// Where the file says nothing, the engine's own rule holds, which also knows what the sources can take back.
    private func explicitPolicy(_ settings: Settings) -> ErrorPolicy? {
        settings.optionalString("on_error").flatMap(ErrorPolicy.init)
    }
}

/// Stands in for a source that is not to bring anything.
private struct SilentSource: Source {
    var takesJobsBack: Bool { true }

    func run(_ output: SourceOutput) async throws {}
}
