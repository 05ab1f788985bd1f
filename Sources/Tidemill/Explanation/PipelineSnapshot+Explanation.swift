extension PipelineSnapshot {
    /// What limits the pipeline, or did, and what to change about it, in one or two sentences.
    ///
    /// Nil where that is not clear, and where it ran for less than a second.
    public var explanation: String? {
        RunExplanation(nodes.map(NodeLoad.init), elapsed: runTime, cores: onlineProcessors()).text
    }
}

extension NodeLoad {
    /// What the node did so far.
    init(_ node: NodeSnapshot) {
        self.init(
            node.kind,
            node.name,
            outputs: node.readers,
            workers: node.workers,
            meanWorkers: node.meanWorkers,
            maxWorkers: node.maxWorkers,
            received: node.received,
            busy: max(node.busyTime - node.blockedTime, .zero),
            blocked: node.blockedTime,
            queued: node.meanQueue,
            capacity: node.capacity,
            cpu: node.cpuTime
        )
    }
}
