/// A channel in front of a node that outlives the process: jobs that are in it when the process ends, in whatever way,
/// are there when the next one starts.
///
/// It parts the pipeline in two. What the nodes before it send counts as delivered once it is kept, so that their
/// sources need not give it again; what the node behind it takes are new messages, with identities, deadlines and
/// attempts of their own.
public protocol DurableChannel: Sendable {
    /// What the nodes before it send into.
    func makeSink() -> any Sink

    /// What the node behind it takes from; it ends when the sink was closed and nothing is left.
    ///
    /// A drain of the pipeline stops it at once, for what is left is kept.
    func makeSource() -> any Source
}

extension PipelineNode {
    /// The nodes with a sink and a source in place of each durable channel: `enqueue:x` and `dequeue:x` for the one in
    /// front of the node `x`.
    static func partedAtDurableChannels(_ nodes: [PipelineNode]) throws(PipelineError) -> [PipelineNode] {
        guard nodes.contains(where: { $0.durableChannel != nil }) else { return nodes }
        var (sources, others): ([PipelineNode], [PipelineNode]) = ([], [])
        for (number, original) in nodes.enumerated() {
            var node = original
            guard !node.isSource else {
                sources.append(node)
                continue
            }
            // Said in full, for the node before it may be another one soon.
            node.inputs = try Wiring.inputs(of: number, nodes)
            if let channel = node.durableChannel {
                var sink = PipelineNode.sink("enqueue:\(node.name)", inputs: node.inputs, channel.makeSink())
                sink.channel = node.channel
                let source = PipelineNode.source("dequeue:\(node.name)", channel.makeSource())
                others.append(sink)
                sources.append(source)
                node.inputs = [source.name]
            }
            others.append(node)
        }
        return sources + others
    }
}
