extension PipelineGraph {
    /// The graph as indented text in ASCII: each node below one that it reads from, described once.
    ///
    /// A node with several inputs stands in full at the first and as `name (above)` at the others.
    public var text: String {
        var printed: Set<String> = []
        var lines: [String] = []
        for source in nodes where source.kind == .source {
            lines.append(source.line)
            printed.insert(source.name)
            appendReaders(of: source.name, margin: "", &printed, &lines)
        }
        if let deadLetters {
            let writers = deadLetterWriters.joined(separator: ", ")
            lines.append(deadLetters.line + (writers.isEmpty ? "" : ", failed jobs of: \(writers)"))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func appendReaders(
        of name: String,
        margin: String,
        _ printed: inout Set<String>,
        _ lines: inout [String]
    ) {
        let outputs = edges.filter { $0.from == name }
        for (index, edge) in outputs.enumerated() {
            let isLast = index == outputs.count - 1
            let arrow = (isLast ? "`-" : "|-") + (edge.port.map { "(\($0))" } ?? "") + "> "
            guard let reader = node(edge.to) else { continue }
            guard printed.insert(edge.to).inserted else {
                lines.append(margin + arrow + "\(edge.to) (above)")
                continue
            }
            lines.append(margin + arrow + reader.line)
            appendReaders(of: edge.to, margin: margin + (isLast ? "    " : "|   "), &printed, &lines)
        }
    }
}

extension PipelineGraph.Node {
    fileprivate var line: String { "\(name)  \(annotations.joined(separator: ", "))" }
}
