import Tidemill
import TidemillTesting

/// A pipeline that a seed made: any acyclic graph of sources, stages and sinks, any channels, any policies.
struct RandomPipeline: Sendable {
    let sources: [RandomSource]
    let stages: [RandomStage]
    let sinks: [RandomSink]
    let deadLetters: RandomSink?
    let nodes: [PipelineNode]
    let stop: RandomStop
    let options: PipelineOptions
    /// The messages that are withdrawn, and when.
    let withdrawals: [(context: MessageContext, time: Duration)]
    /// Whether nothing in it takes time but the sources' pauses, so that a stop takes none.
    let isQuick: Bool

    init(_ simulation: Simulation) {
        var random = simulation.random(stream: 1)
        let isQuick = random.chance(0.2)
        self.isQuick = isQuick
        let sources = (0..<random.pick([(3, 1), (2, 2), (1, 3)])).map { RandomSource($0, &random) }
        let graph = RandomGraph(sources: sources.map(\.name), &random)
        stages = graph.stages.map { stage in
            RandomStage(
                stage.name,
                inputs: stage.inputs,
                ports: graph.ports(of: stage.name),
                isQuick: isQuick,
                simulation,
                &random
            )
        }
        sinks = graph.sinks.map { RandomSink($0.name, inputs: $0.inputs, isQuick: isQuick, simulation.clock, &random) }
        deadLetters =
            random.chance(0.5)
            ? RandomSink("dead_letters", inputs: nil, isQuick: isQuick, simulation.clock, &random) : nil
        self.sources = sources
        var nodes =
            sources.map(\.node) + stages.map(\.node) + sinks.map(\.node)
        for index in nodes.indices {
            let settings = stages.first { $0.name == nodes[index].name }?.settings
            repeat {
                Self.vary(&nodes[index], &random)
            } while !(settings?.conflicts(with: nodes[index].channel).isEmpty ?? true)
        }
        self.nodes = nodes
        stop = RandomStop(isNeeded: sources.contains { $0.ending == .stayOpen }, &random)
        var options = simulation.options
        options.inFlight = random.pick([(1, 1), (1, 4), (2, 64), (4, 1024)])
        options.shutdownTimeout = random.pick([(1, .zero), (2, .milliseconds(500)), (3, .seconds(25))])
        options.stopGrace = random.pick([(3, .seconds(10)), (1, .milliseconds(100))])
        self.options = options
        withdrawals = sources.flatMap(\.contexts).compactMap { context in
            random.chance(0.5) ? (context, random.duration(upTo: .seconds(2))) : nil
        }
    }

    private static func vary(_ node: inout PipelineNode, _ random: inout SeededRandom) {
        node.channel = ChannelLimits(
            capacity: random.pick([(2, 0), (2, 1), (2, 3), (2, 16), (2, 1024)]),
            bytes: random.pick([(4, nil), (1, 100)]),
            overflow: random.pick([(12, .block), (1, .dropNewest), (1, .dropOldest), (1, .reject)])
        )
        node.onError = random.pick([(8, nil), (8, .deadLetter), (8, .reject), (8, .drop), (1, .stop)])
    }

    /// Whether something in it may make the run fail.
    var mayFail: Bool {
        sources.contains { $0.ending == .raise }
            || stages.contains { $0.brokenWorker != nil }
            || (sinks + [deadLetters].compactMap(\.self)).contains { $0.flaw != .none }
            || (deadLetters?.refusals ?? 0) > 0
            || nodes.contains { policy(of: $0) == .stop }
    }

    /// Whether jobs may be cancelled while the pipeline goes on.
    var mayCancelJobs: Bool { !withdrawals.isEmpty || sources.contains { $0.onSiblingFailure == .cancel } }

    /// Whether jobs may be handled more than once, or be stopped while they are.
    var mayRepeat: Bool {
        mayCancelJobs || stages.contains(where: \.mayRepeat)
            || sources.contains { $0.deadline != nil || !$0.contexts.isEmpty }
    }

    private func policy(of node: PipelineNode) -> ErrorPolicy {
        if let policy = node.onError { return policy }
        if deadLetters != nil { return .deadLetter }
        let isSource = sources.contains { $0.name == node.name }
        return isSource || sources.allSatisfy(\.takesJobsBack) ? .reject : .stop
    }
}

/// What a test does to a pipeline while it runs.
struct RandomStop: Sendable {
    /// One way to stop a pipeline: more of these is one line each, here, in ``ways`` and in ``RandomRun``.
    enum Way { case none, drain, cancel, drainThenCancel, shutDown, cancelTask }

    static let ways: [(weight: Int, choice: Way)] = [
        (8, .none), (3, .drain), (2, .cancel), (2, .drainThenCancel), (2, .shutDown), (2, .cancelTask),
    ]

    let way: Way
    /// When it begins.
    let time: Duration
    /// How often the others may run before it begins, at that very moment.
    let turns: Int
    /// How long after that the second step comes, where there is one.
    let pause: Duration

    /// A way to stop; where one `isNeeded` because the sources go on for ever, it isn't ``Way/none``.
    init(isNeeded: Bool, _ random: inout SeededRandom) {
        way = random.pick(isNeeded ? Self.ways.filter { $0.choice != .none } : Self.ways)
        time = random.duration(upTo: .seconds(2))
        turns = random.pick([(1, 0), (1, 8), (1, 64)])
        pause = random.duration(upTo: .seconds(1))
    }
}
