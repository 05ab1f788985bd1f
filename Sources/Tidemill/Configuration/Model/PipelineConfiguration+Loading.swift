extension PipelineConfiguration {
    /// Loads a configuration file; relative paths in it start from its folder.
    /// - Throws: everything that is wrong with it, in one go; a syntax error alone.
    public static func load(
        path: String,
        registry: ComponentRegistry,
        environment: [String: String]
    ) throws(ConfigurationError) -> PipelineConfiguration {
        let bytes: [UInt8]
        do throws(FileReadError) {
            bytes = try ConfigurationFile.read(path, limit: JSONDocument.Limits().bytes)
        } catch {
            let place = SourceLocation(file: path, line: 1, column: 1)
            throw ConfigurationError([.init(at: place, .root, "the file cannot be read: \(error.reason)")])
        }
        let context = ConfigurationContext(
            baseDirectory: ConfigurationFile.folder(of: path),
            environment: environment
        )
        return try load(bytes: bytes, file: path, registry: registry, context: context)
    }

    /// Loads a configuration from memory; `file` is what issues name.
    /// - Throws: everything that is wrong with it, in one go; a syntax error alone.
    public static func load(
        bytes: some Sequence<UInt8>,
        file: String,
        registry: ComponentRegistry,
        context: ConfigurationContext = ConfigurationContext()
    ) throws(ConfigurationError) -> PipelineConfiguration {
        let document = try JSONDocument(parsing: Array(bytes), file: file)
        var collector = IssueCollector()
        collector.add(contentsOf: document.issues)

        var resolver = ReferenceResolver(context: context)
        let root = resolver.resolve(document.root)
        collector.add(contentsOf: resolver.collector.issues)

        var decoder = FieldDecoder(context: context, registry: registry)
        let setting = decoder.decode(root, .root, as: .object(fields))
        collector.add(contentsOf: decoder.collector.issues)

        guard case .object(let settings)? = setting?.content else {
            try collector.finish()
            throw ConfigurationError([.init(at: root.location, .root, "expected an object")])
        }
        let configuration = PipelineConfiguration(settings, &collector)
        try collector.finish()
        return configuration
    }

    /// Builds the model; where a field is wrong and reported, a default stands in, and nobody sees the result.
    private init(_ settings: Settings, _ collector: inout IssueCollector) {
        let standard: ErrorPolicy = settings.isGiven("dead_letters") ? .deadLetter : .reject
        self.settings = settings
        name = settings.optionalString("name") ?? ""
        shutdownTimeout = settings.optionalDuration("shutdown_timeout") ?? .zero
        sources = settings.objects("sources").map { SourceConfiguration($0, standard) }
        let rateLimits = NamedRateLimit.all(settings)
        self.rateLimits = rateLimits
        stages = settings.objects("stages").map { StageConfiguration($0, standard, rateLimits) }
        sinks = settings.objects("sinks").map { SinkConfiguration($0, standard) }
        deadLetters = settings.optionalObject("dead_letters").map { SinkConfiguration($0, .stop) }

        var builder = GraphBuilder()
        for source in sources { builder.add(.init(source)) }
        for stage in stages { builder.add(.init(stage), inputs: stage.settings) }
        for sink in sinks { builder.add(.init(sink), inputs: sink.settings) }
        // A list that failed to decode leaves holes; what the graph says then would only confuse.
        let isWhole = settings.has("sources") && settings.has("stages") && settings.has("sinks")
        graph = builder.build(deadLetters: deadLetters.map { .init($0) })
        if isWhole { collector.add(contentsOf: builder.collector.issues) }
        for node in stages.map(\.settings) + sinks.map(\.settings) { Self.checkChannel(of: node, &collector) }
        for stage in stages {
            for conflict in StageSettings(stage, cores: 1).conflicts(with: stage.channel) {
                collector.add(stage.settings.issue(at: conflict.field, conflict.problem))
            }
        }
        collector.add(contentsOf: stages.compactMap(BatchPolicy.issue) + stages.compactMap(WorkerCount.issue))
        RateFields.checkNames(in: settings, &collector)

        if !settings.isGiven("dead_letters") {
            let nodes = sources.map(\.settings) + stages.map(\.settings) + sinks.map(\.settings)
            for node in nodes where node.optionalString("on_error") == ErrorPolicy.deadLetter.rawValue {
                let message = "\"dead_letter\" needs \"dead_letters\", which is not set"
                let hint = "add \"dead_letters\": {\"type\": …} beside \"sinks\""
                collector.add(node.issue(at: "on_error", message, hint: hint))
            }
        }
    }

    private static func checkChannel(of node: Settings, _ collector: inout IssueCollector) {
        guard let channel = node.optionalObject("channel") else { return }
        let isDurable = channel.optionalString("type") == ChannelKind.durable.rawValue
        if isDurable != channel.has("path") {
            let message = isDurable ? "a durable channel needs a \"path\"" : "only a durable channel has a \"path\""
            collector.add(channel.issue(message, hint: "\"type\": \"durable\", \"path\": \"state/jobs.sqlite\""))
        }
        guard channel.optionalInteger("capacity") == 0,
            channel.optionalString("overflow") == Overflow.dropOldest.rawValue
        else { return }
        let message = "\"drop_oldest\" needs jobs that wait, and none do at a capacity of 0"
        collector.add(channel.issue(at: "overflow", message, hint: "\"drop_newest\", or a capacity of at least 1"))
    }
}

extension SourceConfiguration {
    fileprivate init(_ settings: Settings, _ standard: ErrorPolicy) {
        name = settings.optionalString("name") ?? ""
        type = settings.optionalString("type") ?? ""
        deadline = settings.optionalDuration("deadline")
        onSiblingFailure = settings.optionalString("on_sibling_failure").flatMap(SiblingPolicy.init) ?? .proceed
        onError = settings.optionalString("on_error").flatMap(ErrorPolicy.init) ?? standard
        self.settings = settings
    }
}

extension StageConfiguration {
    fileprivate init(_ settings: Settings, _ standard: ErrorPolicy, _ rateLimits: [NamedRateLimit]) {
        name = settings.optionalString("name") ?? ""
        type = settings.optionalString("type") ?? ""
        workers = WorkerCount(ofStage: settings)
        channel = ChannelLimits(settings.optionalObject("channel"))
        dispatch = settings.optionalString("dispatch").flatMap(DispatchMode.init) ?? .shared
        order = settings.optionalString("order").flatMap(JobOrder.init) ?? .none
        maxPerKey = settings.optionalInteger("max_per_key")
        keyPath = settings.optionalString("key").map(ValuePath.init)
        batch = BatchPolicy(settings.optionalObject("batch"))
        timeout = settings.optionalDuration("timeout")
        deadline = settings.optionalDuration("deadline")
        retry = RetryPolicy(settings.optionalObject("retry"))
        breaker = BreakerPolicy(settings.optionalObject("circuit_breaker"))
        rateLimit = NamedRateLimit(ofStage: settings, among: rateLimits)
        maxStuckWorkers = settings.optionalInteger("max_stuck_workers") ?? 8
        onError = settings.optionalString("on_error").flatMap(ErrorPolicy.init) ?? standard
        self.settings = settings
    }
}

extension SinkConfiguration {
    /// A sink, or the sink of dead letters, which has only the fields of its type.
    fileprivate init(_ settings: Settings, _ standard: ErrorPolicy) {
        let isNode = settings.specification.contains { $0.name == "inputs" }
        name = isNode ? settings.optionalString("name") ?? "" : NodeFields.deadLettersName
        type = settings.optionalString("type") ?? ""
        channel = ChannelLimits(isNode ? settings.optionalObject("channel") : nil)
        onError = isNode ? settings.optionalString("on_error").flatMap(ErrorPolicy.init) ?? standard : standard
        self.settings = settings
    }
}
