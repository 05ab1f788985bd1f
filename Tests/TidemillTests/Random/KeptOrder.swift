import Tidemill

/// Which sinks must have a source's jobs in the order in which they were sent.
///
/// That is so where they come on one way only, by stages that have one worker or keep the order.
struct KeptOrder {
    private var inOrder: [String: Set<String>] = [:]

    init(_ pipeline: RandomPipeline) {
        var reached: [String: Set<String>] = [:]
        for source in pipeline.sources {
            inOrder[source.name] = [source.name]
            reached[source.name] = [source.name]
        }
        let stages = pipeline.stages.map { stage in
            // A job that is tried again comes later than those behind it, unless the stage keeps the order.
            let hasOneWay = stage.settings.workers == 1 && !stage.mayRetry
            return (stage.name, stage.inputs, hasOneWay || stage.settings.order == .input)
        }
        for (name, inputs, keeps) in stages + pipeline.sinks.map({ ($0.name, $0.inputs ?? [], true) }) {
            var ways: [String: Int] = [:]
            var kept: Set<String> = []
            for input in inputs {
                let from = RandomGraph.parts(input).node
                for source in reached[from, default: []] { ways[source, default: 0] += 1 }
                kept.formUnion(inOrder[from, default: []])
            }
            reached[name] = Set(ways.keys)
            inOrder[name] = keeps ? kept.filter { ways[$0] == 1 } : []
        }
    }

    /// Whether a sink must have the source's jobs in order.
    func isKept(from source: String, in sink: String) -> Bool { inOrder[sink, default: []].contains(source) }
}
