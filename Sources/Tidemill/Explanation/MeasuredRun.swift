/// The nodes of a run with their figures, and how they hang together.
struct MeasuredRun {
    /// A node and what follows from what it did.
    struct Node {
        let load: NodeLoad
        let figures: NodeFigures

        var name: String { load.name }
        /// How full the channel in front of it was on average.
        var fullness: Double { load.capacity > 0 ? load.queued / Double(load.capacity) : 0 }
    }

    let nodes: [Node]
    let elapsed: Duration
    let cores: Int

    init(_ loads: [NodeLoad], elapsed: Duration, cores: Int) {
        nodes = loads.map { Node(load: $0, figures: NodeFigures($0, elapsed: elapsed)) }
        self.elapsed = elapsed
        self.cores = max(cores, 1)
    }

    /// The share of all cores that the nodes used, as far as that is known.
    var processorShare: Double {
        let used = nodes.reduce(Duration.zero) { $0 + ($1.load.cpu ?? .zero) }
        return used / (elapsed * cores)
    }

    subscript(name: String) -> Node? { nodes.first { $0.name == name } }

    /// Whether jobs waited for a node: in front of it, or in front of its channel.
    func jobsWait(for node: Node) -> Bool {
        if node.load.kind == .source { return false }
        if node.load.queued >= 1 { return true }
        return nodes.contains {
            $0.load.outputs == [node.name] && $0.figures.blockedShare > RunExplanation.low
        }
    }

    /// All nodes that jobs reach from this one.
    func nodes(after node: Node) -> [Node] {
        var names: Set<String> = []
        var open = node.load.outputs
        while let name = open.popLast() {
            if names.insert(name).inserted { open += self[name]?.load.outputs ?? [] }
        }
        return nodes.filter { names.contains($0.name) }
    }
}
