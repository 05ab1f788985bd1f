import TidemillTesting

/// Who reads from whom, at random: without cycles, and everything is read by somebody.
struct RandomGraph {
    struct Node {
        let name: String
        var inputs: [String]
    }

    private(set) var stages: [Node]
    private(set) var sinks: [Node]

    init(sources: [String], _ random: inout SeededRandom) {
        stages = (0..<Int.random(in: 0...6, using: &random)).map { Node(name: "stage\($0)", inputs: []) }
        sinks = (0..<Int.random(in: 1...3, using: &random)).map { Node(name: "sink\($0)", inputs: []) }
        for index in stages.indices {
            stages[index].inputs = Self.some(sources, stages[..<index], &random)
        }
        for index in sinks.indices { sinks[index].inputs = Self.some(sources, stages[...], &random) }
        for (index, name) in (sources + stages.map(\.name)).enumerated() where ports(of: name).isEmpty {
            // A later stage or a sink reads what nobody does.
            let later = max(index - sources.count + 1, 0)
            let reader = Int.random(in: later..<stages.count + sinks.count, using: &random)
            if reader < stages.count {
                stages[reader].inputs.append(name)
            } else {
                sinks[reader - stages.count].inputs.append(name)
            }
        }
    }

    /// The ports of a node that somebody reads; "" is the node itself.
    func ports(of name: String) -> [String] {
        var ports: [String] = []
        for input in (stages + sinks).flatMap(\.inputs) {
            let (node, port) = Self.parts(input)
            if node == name && !ports.contains(port) { ports.append(port) }
        }
        return ports
    }

    static func parts(_ input: String) -> (node: String, port: String) {
        let parts = input.split(separator: ".", maxSplits: 1)
        return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }

    private static func some(
        _ sources: [String],
        _ stages: ArraySlice<Node>,
        _ random: inout SeededRandom
    ) -> [String] {
        let names = sources + stages.map(\.name)
        var inputs: [String] = []
        for _ in 0..<random.pick([(5, 1), (3, 2), (1, 3)]) {
            // Late nodes are taken more often, so that graphs get deep.
            let index = max(
                Int.random(in: 0..<names.count, using: &random),
                Int.random(in: 0..<names.count, using: &random)
            )
            let port = index < sources.count ? "" : random.pick([(4, ""), (1, ".left"), (1, ".right")])
            if !inputs.contains(names[index] + port) { inputs.append(names[index] + port) }
        }
        return inputs
    }
}
