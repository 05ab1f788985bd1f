extension PipelineGraph {
    /// The graph as a Mermaid flow chart.
    ///
    /// Nodes have numbers as identifiers, since names such as `end` mean something in Mermaid.
    public var mermaid: String {
        var lines = ["flowchart LR"]
        let all = nodes + [deadLetters].compactMap { $0 }
        var identifiers: [String: String] = [:]
        for (index, node) in all.enumerated() {
            identifiers[node.name] = "n\(index)"
            let label = "\"\(([node.name] + node.annotations).joined(separator: "<br/>"))\""
            let shape: (open: String, close: String) =
                switch node.kind {
                case .source: ("([", "])")
                case .stage: ("[", "]")
                case .sink: ("[(", ")]")
                }
            lines.append("    n\(index)\(shape.open)\(label)\(shape.close)")
        }
        for edge in edges {
            guard let from = identifiers[edge.from], let to = identifiers[edge.to] else { continue }
            lines.append("    \(from) \(edge.port.map { "-- \($0) -->" } ?? "-->") \(to)")
        }
        for writer in deadLetterWriters {
            guard let from = identifiers[writer], let to = identifiers[NodeFields.deadLettersName] else { continue }
            lines.append("    \(from) -. failed .-> \(to)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The graph in Graphviz's language.
    public var dot: String {
        var lines = ["digraph pipeline {", "    rankdir=LR;", "    node [fontname=\"sans-serif\"];"]
        for node in nodes + [deadLetters].compactMap({ $0 }) {
            let shape =
                switch node.kind {
                case .source: "ellipse"
                case .stage: "box"
                case .sink: "cylinder"
                }
            let label = ([node.name] + node.annotations).joined(separator: "\\n")
            lines.append("    \"\(node.name)\" [shape=\(shape), label=\"\(label)\"];")
        }
        for edge in edges {
            let label = edge.port.map { " [label=\"\($0)\"]" } ?? ""
            lines.append("    \"\(edge.from)\" -> \"\(edge.to)\"\(label);")
        }
        for writer in deadLetterWriters {
            lines.append("    \"\(writer)\" -> \"\(NodeFields.deadLettersName)\" [style=dotted, label=\"failed\"];")
        }
        return (lines + ["}"]).joined(separator: "\n") + "\n"
    }

    /// The names of the nodes whose failed jobs become dead letters.
    var deadLetterWriters: [String] {
        deadLetters == nil ? [] : nodes.filter { $0.onError == .deadLetter }.map(\.name)
    }
}

extension PipelineGraph.Node {
    /// What a drawing says of the node below its name.
    var annotations: [String] {
        var notes = ["\(kind.rawValue) \(type)"]
        switch workers {
        case nil: break
        case .fixed(1): notes.append("1 worker")
        case .fixed(let count): notes.append("\(count) workers")
        case .cores: notes.append("1 worker per core")
        case .scaled(_, maxIsCores: true): notes.append("at most 1 worker per core")
        case .scaled(let policy, _): notes.append("\(policy.min) to \(policy.max.counted("worker"))")
        }
        if let channel {
            let overflow = channel.overflow == .block ? "" : " \(channel.overflow.rawValue)"
            notes.append("channel \(channel.capacity)\(overflow)")
        }
        return notes
    }
}
