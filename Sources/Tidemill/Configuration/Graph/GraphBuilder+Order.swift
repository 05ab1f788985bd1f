extension GraphBuilder {
    /// The nodes in an order in which each comes after its inputs; of several, the first in the file.
    ///
    /// Nodes that are left when no node is free lie on a cycle or behind one. A cycle is reported and its nodes
    /// are set aside, so that one mistake gives one issue. Loops, not recursion: the file decides the depth.
    mutating func sortReportingCycles() -> [Int] {
        var readers = [[Int]](repeating: [], count: nodes.count)
        var waiting = [Int](repeating: 0, count: nodes.count)
        for (index, list) in inputs.enumerated() {
            // A node may read several ports of one other: that is one dependency for each entry.
            for input in list { readers[input.from].append(index) }
            waiting[index] = list.count
        }
        var order: [Int] = []
        var isDone = [Bool](repeating: false, count: nodes.count)
        while order.count < nodes.count {
            var found = nodes.indices.filter { !isDone[$0] && waiting[$0] <= 0 }
            if found.isEmpty {
                guard let start = isDone.firstIndex(of: false) else { break }
                found = reportCycle(behind: start, isDone)
            }
            for index in found {
                isDone[index] = true
                order.append(index)
                for reader in readers[index] { waiting[reader] -= 1 }
            }
        }
        return order
    }

    /// Walks from reader to read among the nodes that are left, until one comes again.
    private mutating func reportCycle(behind start: Int, _ isDone: [Bool]) -> [Int] {
        var path: [Int] = []
        var place: [Int: Int] = [:]
        var current = start
        while place[current] == nil {
            place[current] = path.count
            path.append(current)
            guard let next = inputs[current].first(where: { !isDone[$0.from] }) else { return [current] }
            current = next.from
        }
        // The path runs against the flow of jobs; begin with the node that comes first in the file.
        let reversed = Array(path[(place[current] ?? 0)...].reversed())
        let first = reversed.indices.min { reversed[$0] < reversed[$1] } ?? 0
        let cycle = Array(reversed[first...] + reversed[..<first])
        let names = (cycle + cycle.prefix(1)).map { shown(nodes[$0].name) }.joined(separator: " -> ")
        let closing = inputs[cycle[0]].first { $0.from == cycle[cycle.count - 1] }
        if let closing {
            let message = "the inputs form a cycle: \(names)"
            let hint = "jobs must not come back to a node they passed"
            collector.add(.init(at: closing.location, closing.pointer, message, hint: hint))
        }
        return cycle
    }
}
