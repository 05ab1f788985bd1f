/// Which node limited a run, and what to change.
///
/// A node is the limit when its workers are busy and jobs wait for them, while it doesn't wait for room itself. Where
/// no jobs wait, the sources are. Of a run that was too short it says nothing.
package struct RunExplanation: Sendable {
    /// What limited the run.
    package enum Limit: Sendable, Hashable {
        /// This node: its workers are busy, and jobs wait for them.
        case workers(String)
        /// This node: jobs wait, though its workers are not busy.
        case heldBack(String)
        /// These sources: no jobs wait anywhere.
        case sources([String])
    }

    /// The shortest run that says something.
    static let shortest = Duration.seconds(1)
    /// The fewest jobs that say something of a node.
    static let fewest = 10
    /// From where on a node counts as busy.
    static let high = 0.75
    /// Up to where a node hardly waits for room.
    static let low = 0.2

    /// The figures of all nodes, in their order.
    package let figures: [NodeFigures]
    /// What limited the run; nil if that is not clear.
    package let limit: Limit?
    /// The limit and what to change, in one or two sentences; nil if the limit is not clear.
    package let text: String?

    /// Explains a run of that length on that many cores.
    package init(_ nodes: [NodeLoad], elapsed: Duration, cores: Int) {
        let run = MeasuredRun(nodes, elapsed: elapsed, cores: cores)
        figures = run.nodes.map(\.figures)
        limit = elapsed < Self.shortest ? nil : Self.limit(of: run)
        text = limit.map { RunAdvice(run).text(for: $0) }
    }

    private static func limit(of run: MeasuredRun) -> Limit? {
        let candidates = run.nodes.filter {
            $0.load.kind != .source && $0.load.received >= fewest && $0.figures.blockedShare <= low
        }
        let waitedFor = candidates.filter(run.jobsWait)
        let busiest = waitedFor.max { $0.figures.utilization < $1.figures.utilization }
        if let busiest, busiest.figures.utilization >= high { return .workers(busiest.name) }
        let fullest = waitedFor.max { $0.fullness < $1.fullness }
        if let fullest, fullest.fullness >= 0.5 { return .heldBack(fullest.name) }
        return sources(of: run)
    }

    private static func sources(of run: MeasuredRun) -> Limit? {
        let sources = run.nodes.filter { $0.load.kind == .source }
        guard !run.nodes.contains(where: run.jobsWait),
            sources.allSatisfy({ $0.figures.blockedShare <= low }),
            sources.reduce(0, { $0 + $1.load.received }) >= fewest
        else { return nil }
        return .sources(sources.map(\.name))
    }
}
