/// Who reads from whom: the nodes' inputs as numbers, checked.
struct Wiring {
    /// A node's ports that somebody reads, the node itself ("") first, each with the numbers of its readers.
    struct Outputs {
        var ports: [String] = [""]
        var readers: [[Int]] = [[]]
    }

    private(set) var outputs: [Outputs]

    init(_ nodes: [PipelineNode]) throws(PipelineError) {
        outputs = nodes.map { _ in Outputs() }
        var numbers: [String: Int] = [:]
        for (number, node) in nodes.enumerated() where numbers.updateValue(number, forKey: node.name) != nil {
            throw PipelineError(.wiring, node: node.name, "two nodes have this name")
        }
        for node in nodes where node.name.isEmpty || node.name.contains(".") {
            throw PipelineError(.wiring, node: node.name, "a name is not empty and has no dot in it")
        }
        for node in nodes {
            if let problem = node.settings.batch?.problem(withCapacity: node.channel.capacity) {
                throw PipelineError(.wiring, node: node.name, problem)
            }
        }
        for (number, node) in nodes.enumerated() where !node.isSource {
            for input in try Self.inputs(of: number, nodes) { try connect(input, to: number, nodes, numbers) }
        }
        for (number, node) in nodes.enumerated() where !node.isSink {
            guard outputs[number].readers.contains(where: { !$0.isEmpty }) else {
                throw PipelineError(.wiring, node: node.name, "no node reads it")
            }
        }
        try refuseCycles(nodes)
    }

    /// What a node reads, in full.
    static func inputs(of number: Int, _ nodes: [PipelineNode]) throws(PipelineError) -> [String] {
        let node = nodes[number]
        if let inputs = node.inputs {
            if inputs.isEmpty { throw PipelineError(.wiring, node: node.name, "it reads from no node") }
            return inputs
        }
        guard let before = nodes[..<number].last else {
            throw PipelineError(.wiring, node: node.name, "there is no node before it to read from")
        }
        if before.isSource { return nodes[..<number].filter(\.isSource).map(\.name) }
        guard !before.isSink else {
            throw PipelineError(.wiring, node: node.name, "it needs `inputs`: the node before it is a sink")
        }
        return [before.name]
    }

    private mutating func connect(
        _ input: String,
        to number: Int,
        _ nodes: [PipelineNode],
        _ numbers: [String: Int]
    ) throws(PipelineError) {
        let parts = input.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let node = nodes[number].name
        guard let name = parts.first, let from = numbers[name] else {
            throw PipelineError(.wiring, node: node, "there is no node \"\(input)\" to read from")
        }
        guard !nodes[from].isSink else { throw PipelineError(.wiring, node: node, "\"\(input)\" is a sink") }
        let port = parts.count > 1 ? parts[1] : ""
        guard port.isEmpty || !nodes[from].isSource else {
            throw PipelineError(.wiring, node: node, "\"\(input)\" names a port, and sources have none")
        }
        let index = outputs[from].ports.firstIndex(of: port) ?? outputs[from].ports.count
        if index == outputs[from].ports.count {
            outputs[from].ports.append(port)
            outputs[from].readers.append([])
        }
        guard !outputs[from].readers[index].contains(number) else {
            throw PipelineError(.wiring, node: node, "it reads \"\(input)\" twice")
        }
        outputs[from].readers[index].append(number)
    }

    /// Takes nodes away that nothing unfinished leads to, until none is left; what stays is a cycle.
    private func refuseCycles(_ nodes: [PipelineNode]) throws(PipelineError) {
        var writers = [Int](repeating: 0, count: nodes.count)
        for number in nodes.indices { for reader in readers(of: number) { writers[reader] += 1 } }
        var free = nodes.indices.filter { writers[$0] == 0 }
        var left = Set(nodes.indices)
        while let number = free.popLast() {
            left.remove(number)
            for reader in readers(of: number) {
                writers[reader] -= 1
                if writers[reader] == 0 { free.append(reader) }
            }
        }
        guard let stuck = left.min() else { return }
        throw PipelineError(.wiring, node: nodes[stuck].name, "it reads, by way of others, from itself")
    }

    /// All nodes that read any port of a node, each once.
    func readers(of number: Int) -> Set<Int> { Set(outputs[number].readers.joined()) }
}

extension PipelineNode {
    var isSource: Bool { if case .source = role { true } else { false } }
    var isSink: Bool { if case .sink = role { true } else { false } }
}
