extension PipelineGraph {
    /// Whether jobs of one node may come to another.
    func canReach(_ target: String, from start: String) -> Bool {
        var reached: Set<String> = [start]
        // Every node comes after all that it reads from.
        for node in nodes where inputs(of: node.name).contains(where: { reached.contains($0.from) }) {
            reached.insert(node.name)
        }
        return reached.contains(target)
    }
}
