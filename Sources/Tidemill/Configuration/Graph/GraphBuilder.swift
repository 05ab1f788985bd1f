/// Wires the nodes of a file and checks the wiring; everything that is wrong is collected.
///
/// Nodes are known by their index in file order: names may clash or be missing in a file that is wrong.
struct GraphBuilder {
    /// An entry of a node's `inputs` as the file has it, or as the default supplies it.
    struct Input {
        var from: Int
        var port: String?
        var location: SourceLocation
        var pointer: JSONPointer
    }

    var collector = IssueCollector()
    private(set) var nodes: [PipelineGraph.Node] = []
    /// The inputs of each node.
    private(set) var inputs: [[Input]] = []
    private var byName: [String: Int] = [:]
    /// Nodes that must not be called unread: a reader's misspelt input probably meant them.
    private var excused: Set<Int> = []
    private var hasUnknownReaders = false
    /// How many misspelt inputs still get a guess: each costs a comparison with every name, and a hostile file
    /// has half a million of them.
    private var guessesLeft = 100

    mutating func add(_ node: PipelineGraph.Node) {
        if node.name == NodeFields.deadLettersName {
            let message = "the name \"\(node.name)\" is reserved for the sink of dead letters"
            collector.add(node.settings.issue(at: "name", message))
        } else if let first = byName[node.name] {
            let message = "another node is named \(Spelling.quoted(node.name))"
            let hint = "the first one is in line \(nodes[first].settings.location.line)"
            collector.add(node.settings.issue(at: "name", message, hint: hint))
        } else if !node.name.isEmpty {
            byName[node.name] = nodes.count
        }
        nodes.append(node)
        inputs.append([])
    }

    /// Adds a node that reads; its inputs are looked up in `build`, when all nodes are known.
    mutating func add(_ node: PipelineGraph.Node, inputs settings: Settings) {
        if node.name.isEmpty || (settings.isGiven("inputs") && !settings.has("inputs")) { hasUnknownReaders = true }
        add(node)
    }

    mutating func build(deadLetters: PipelineGraph.Node?) -> PipelineGraph {
        for index in nodes.indices where nodes[index].kind != .source {
            let settings = nodes[index].settings
            if settings.isGiven("inputs") {
                inputs[index] = explicitInputs(of: index, settings)
            } else {
                inputs[index] = defaultInputs(of: index, settings)
            }
        }
        let order = sortReportingCycles()
        reportUnread()
        let edges = order.flatMap { index in
            inputs[index].map { input in
                PipelineGraph.Edge(
                    from: nodes[input.from].name,
                    port: input.port,
                    to: nodes[index].name,
                    location: input.location,
                    pointer: input.pointer
                )
            }
        }
        return PipelineGraph(nodes: order.map { nodes[$0] }, edges: edges, deadLetters: deadLetters)
    }

    /// The node before it; for the first after the sources, all of them.
    private mutating func defaultInputs(of index: Int, _ settings: Settings) -> [Input] {
        guard index > 0 else { return [] }
        func input(_ from: Int) -> Input {
            Input(from: from, port: nil, location: settings.location, pointer: settings.pointer)
        }
        switch nodes[index - 1].kind {
        case .source: return nodes.indices.filter { nodes[$0].kind == .source }.map(input)
        case .stage: return [input(index - 1)]
        case .sink:
            let candidate = nodes[..<index].last { $0.kind != .sink }?.name
            let hint = "add \"inputs\": [\(Spelling.quoted(candidate ?? "…"))]"
            let message = "the node before it is a sink, so it needs \"inputs\""
            collector.add(settings.issue(message, hint: hint))
            return []
        }
    }

    private mutating func explicitInputs(of index: Int, _ settings: Settings) -> [Input] {
        guard case .list(let entries)? = settings.value("inputs")?.content else { return [] }
        var seen: Set<String> = []
        var resolved: [Input] = []
        for entry in entries {
            guard let text = entry.content.text else { continue }
            if !seen.insert(text).inserted {
                report(entry, "\(Spelling.quoted(text)) is listed twice")
            } else if let input = lookUp(text, entry, reader: index) {
                resolved.append(input)
            }
        }
        return resolved
    }

    /// The node and port of `name` or `name.port`, if a node can read that.
    private mutating func lookUp(_ text: String, _ entry: Setting, reader: Int) -> Input? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        let port = parts.count > 1 ? String(parts[1]) : nil
        guard let from = byName[name] else {
            report(entry, "there is no node \(Spelling.quoted(name))", hint: guess(name, reader: reader))
            return nil
        }
        guard from != reader else {
            report(entry, "a node cannot read from itself")
            return nil
        }
        switch (nodes[from].kind, port) {
        case (.sink, _):
            report(entry, "\(Spelling.quoted(name)) is a sink, and nothing comes out of a sink")
            return nil
        case (.source, .some):
            let hint = "write \(Spelling.quoted(name))"
            report(entry, "\(Spelling.quoted(name)) is a source, and a source has no ports", hint: hint)
            excused.insert(from)
            return nil
        case (.stage, let port?) where !NodeFields.isIdentifier(port):
            report(entry, "\(Spelling.quoted(port)) is not the name of a port", hint: "a port is written name.port")
            excused.insert(from)
            return nil
        default:
            return Input(from: from, port: port, location: entry.location, pointer: entry.pointer)
        }
    }

    /// The node that a misspelt name probably means, or those there are.
    private mutating func guess(_ name: String, reader: Int) -> String? {
        guard guessesLeft > 0 else { return nil }
        guessesLeft -= 1
        let readable = nodes.filter { $0.kind != .sink && $0.name != nodes[reader].name }.map(\.name)
        guard let meant = Spelling.nearest(to: name, among: readable) else {
            return "nodes to read from: \(readable.prefix(12).map(shown).joined(separator: ", "))"
        }
        if let index = byName[meant] { excused.insert(index) }
        return "did you mean \(Spelling.quoted(meant))?"
    }

    /// The name as messages show it; one that is no name may hold anything, a line break too.
    func shown(_ name: String) -> String {
        NodeFields.isIdentifier(name) ? name : Spelling.quoted(name)
    }

    private mutating func report(_ entry: Setting, _ message: String, hint: String? = nil) {
        collector.add(.init(at: entry.location, entry.pointer, message, hint: hint))
    }

    private mutating func reportUnread() {
        guard !hasUnknownReaders else { return }
        let read = Set(inputs.joined().map(\.from)).union(excused)
        for (index, node) in nodes.enumerated() where node.kind != .sink && !read.contains(index) {
            let hint = "add \(Spelling.quoted(node.name)) to the \"inputs\" of a node"
            let message = "nobody reads from the \(node.kind.rawValue) \(Spelling.quoted(node.name))"
            collector.add(node.settings.issue(at: "name", message, hint: hint))
        }
    }
}
