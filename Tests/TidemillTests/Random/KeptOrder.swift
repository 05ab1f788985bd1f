import Tidemill

/// In which order sinks must have a source's jobs.
///
/// In that in which they were sent where they come on one way only, by stages that have one worker or keep the order;
/// those of a key in that order where a stage on the way keeps only the order of keys.
struct KeptOrder {
    private var orders: [String: [String: JobOrder]] = [:]

    init(_ pipeline: RandomPipeline) {
        var reached: [String: Set<String>] = [:]
        for source in pipeline.sources {
            orders[source.name] = [source.name: .input]
            reached[source.name] = [source.name]
        }
        let stages = pipeline.stages.map { ($0.name, $0.inputs, Self.kept(by: $0)) }
        for (name, inputs, kept) in stages + pipeline.sinks.map({ ($0.name, $0.inputs ?? [], .input) }) {
            var ways: [String: Int] = [:]
            var before: [String: JobOrder] = [:]
            for input in inputs {
                let from = RandomGraph.parts(input).node
                for source in reached[from, default: []] { ways[source, default: 0] += 1 }
                before.merge(orders[from, default: [:]]) { first, _ in first }
            }
            reached[name] = Set(ways.keys)
            orders[name] = before.filter { ways[$0.key] == 1 }.mapValues { Self.weaker($0, kept) }
        }
    }

    /// What a stage leaves of the order of its input.
    private static func kept(by stage: RandomStage) -> JobOrder {
        let settings = stage.settings
        if settings.order != .none { return settings.order }
        // A job that is tried again comes later than those behind it, unless the stage keeps the order.
        guard settings.workers == 1, stage.resizing.isEmpty, !stage.mayRetry else { return .none }
        // Keys take turns.
        return settings.dispatch == .key || settings.maxPerKey != nil ? .key : .input
    }

    private static func weaker(_ first: JobOrder, _ second: JobOrder) -> JobOrder {
        if first == .none || second == .none { return .none }
        return first == .key || second == .key ? .key : .input
    }

    /// The order in which a sink must have the source's jobs.
    func order(from source: String, in sink: String) -> JobOrder { orders[sink]?[source] ?? .none }
}
