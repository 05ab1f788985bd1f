/// Who reads from whom: the nodes of a pipeline in an order in which every node comes after those it reads.
public struct PipelineGraph: Sendable {
    /// A source, a stage or a sink.
    public struct Node: Sendable {
        /// Its name.
        public let name: String
        /// The part that it plays.
        public let kind: ComponentKind
        /// Its component's type.
        public let type: String
        /// How many workers it has; nil for a source.
        public let workers: WorkerCount?
        /// The queue in front of it; nil for a source.
        public let channel: ChannelLimits?
        /// What becomes of its failed jobs.
        public let onError: ErrorPolicy

        let settings: Settings
    }

    /// A node that reads another's output, or one port of it.
    public struct Edge: Sendable, Hashable {
        /// The node whose jobs go along.
        public let from: String
        /// The port that they are emitted to; nil for the node's ordinary output.
        public let port: String?
        /// The node that reads.
        public let to: String
        /// Where the file says so: the entry of `inputs`, or the node that has none.
        public let location: SourceLocation
        /// The path of that place.
        public let pointer: JSONPointer
    }

    /// The nodes, each after all that it reads from; otherwise in the order of the file.
    public let nodes: [Node]
    /// The edges, in the order of the nodes that read.
    public let edges: [Edge]
    /// The sink of dead letters, which has no edges: every node may write to it.
    public let deadLetters: Node?

    /// The node of this name.
    public func node(_ name: String) -> Node? { nodes.first { $0.name == name } }

    /// The edges that end in this node.
    public func inputs(of name: String) -> [Edge] { edges.filter { $0.to == name } }

    /// The names of the nodes that read this node's ordinary output, or this port of it.
    public func readers(of name: String, port: String? = nil) -> [String] {
        edges.filter { $0.from == name && $0.port == port }.map(\.to)
    }

    /// The ports of this stage that some node reads, each once, in the order of the readers.
    public func portsRead(of name: String) -> [String] {
        var ports: [String] = []
        for edge in edges where edge.from == name {
            if let port = edge.port, !ports.contains(port) { ports.append(port) }
        }
        return ports
    }

    /// The issues of a stage whose ports are known, once its script is loaded: ports that nodes read but the
    /// script does not emit to, and ports that it emits to but no node reads.
    public func portIssues(of name: String, emitted: [String]) -> [ConfigurationIssue] {
        let unknown = edges.filter { edge in
            edge.from == name && edge.port.map { !emitted.contains($0) } ?? false
        }
        let read = portsRead(of: name)
        return unknown.compactMap { unknownPort($0, emitted: emitted) }
            + emitted.filter { !read.contains($0) }.compactMap { unreadPort($0, of: name) }
    }

    private func unknownPort(_ edge: Edge, emitted: [String]) -> ConfigurationIssue? {
        guard let port = edge.port else { return nil }
        let ports = emitted.isEmpty ? "it emits to no port" : "its ports: \(emitted.joined(separator: ", "))"
        let hint = Spelling.didYouMean("\(edge.from).\(port)", among: emitted.map { "\(edge.from).\($0)" }) ?? ports
        let message = "the stage \(Spelling.quoted(edge.from)) emits to no port \(Spelling.quoted(port))"
        return ConfigurationIssue(at: edge.location, edge.pointer, message, hint: hint)
    }

    private func unreadPort(_ port: String, of name: String) -> ConfigurationIssue? {
        let hint = "add \(Spelling.quoted("\(name).\(port)")) to the \"inputs\" of a node"
        return node(name)?.settings.issue(
            at: "name",
            "nobody reads the port \(Spelling.quoted(port)) of this stage",
            hint: hint
        )
    }
}

extension PipelineGraph.Node {
    init(_ source: SourceConfiguration) {
        self.init(
            name: source.name,
            kind: .source,
            type: source.type,
            workers: nil,
            channel: nil,
            onError: source.onError,
            settings: source.settings
        )
    }

    init(_ stage: StageConfiguration) {
        self.init(
            name: stage.name,
            kind: .stage,
            type: stage.type,
            workers: stage.workers,
            channel: stage.channel,
            onError: stage.onError,
            settings: stage.settings
        )
    }

    init(_ sink: SinkConfiguration) {
        self.init(
            name: sink.name,
            kind: .sink,
            type: sink.type,
            workers: nil,
            channel: sink.channel,
            onError: sink.onError,
            settings: sink.settings
        )
    }
}
