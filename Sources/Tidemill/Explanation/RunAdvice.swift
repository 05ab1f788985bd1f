/// Sentences about what limited a run.
struct RunAdvice {
    /// The most that more workers are said to bring; beyond that nothing was measured.
    private static let mostGain = 10.0
    /// From where on handlers count as computing rather than waiting.
    private static let computing = 0.8

    private let run: MeasuredRun

    init(_ run: MeasuredRun) { self.run = run }

    func text(for limit: RunExplanation.Limit) -> String {
        switch limit {
        case .sources(let names): sources(names)
        case .heldBack(let name): run[name].map(heldBack) ?? ""
        case .workers(let name): run[name].map { "\(finding($0)) \(advice($0))" } ?? ""
        }
    }

    // MARK: What was found

    private func sources(_ names: [String]) -> String {
        let isCalm = run.nodes.allSatisfy { $0.load.kind == .source || $0.figures.utilization < 0.5 }
        let limit =
            names.count == 1
            ? "the source `\(names[0])` is the limit"
            : "the sources \(names.map { "`\($0)`" }.joined(separator: ", ")) are the limit"
        return isCalm ? "Nothing here is busy: \(limit)." : "No jobs wait anywhere: \(limit)."
    }

    private func heldBack(_ node: MeasuredRun.Node) -> String {
        "`\(node.name)` limits the pipeline: jobs wait\(wait(for: node)) though its \(workers(node, "is", "are")) only "
            + "\(node.figures.utilization.percent) busy. A rate limit, a circuit breaker or the order of its results "
            + "holds them back."
    }

    private func finding(_ node: MeasuredRun.Node) -> String {
        let busy = "\(node.figures.utilization.percent) busy and jobs wait\(wait(for: node))"
        if node.load.kind == .sink { return "`\(node.name)` limits the pipeline: it is \(busy) for it." }
        let one = node.load.workers == 1 ? "it" : "one"
        return "`\(node.name)` limits the pipeline: its \(workers(node, "is", "are")) \(busy) for \(one)."
    }

    private func wait(for node: MeasuredRun.Node) -> String {
        guard node.load.queued > 0, let wait = node.figures.queueWait else { return "" }
        return " \(wait.rounded)"
    }

    private func workers(_ node: MeasuredRun.Node, _ singular: String, _ plural: String) -> String {
        node.load.workers == 1 ? "worker \(singular)" : "\(node.load.workers) workers \(plural)"
    }

    // MARK: What to change

    private func advice(_ node: MeasuredRun.Node) -> String {
        if node.load.kind == .sink {
            return "Nothing before it can make it faster; a faster target would, or several sinks side by side."
        }
        let share = node.figures.computingShare
        if let share, share >= Self.computing, node.load.workers >= run.cores {
            return "It computes \(share.percent) of that time and there \(cores): more workers won't help; make it "
                + "cheaper, or use more cores."
        }
        if run.processorShare >= 0.9 { return processorsAreBusy }
        if let maximum = node.load.maxWorkers, maximum > node.load.workers {
            return "It may still grow to \(maximum.counted("worker"))."
        }
        return moreWorkers(node, share)
    }

    private var cores: String { run.cores == 1 ? "is 1 core" : "are \(run.cores) cores" }

    private var processorsAreBusy: String {
        let greediest = run.nodes.max { ($0.load.cpu ?? .zero) < ($1.load.cpu ?? .zero) }
        let share = (greediest?.load.cpu ?? .zero) / (run.elapsed * run.cores) / run.processorShare
        let busy = run.cores == 1 ? "The only core is" : "All \(run.cores) cores are"
        return "\(busy) in use: more workers won't help; make `\(greediest?.name ?? "")` cheaper, which takes "
            + "\(share.percent) of the CPU time."
    }

    private func moreWorkers(_ node: MeasuredRun.Node, _ share: Double?) -> String {
        let (gain, end) = gain(of: node)
        let count = Int((Double(node.load.workers) * gain).rounded(.down))
        guard count > node.load.workers else { return "More workers won't help: \(end.isAlready)." }
        let factor = (Double(count) / Double(node.load.workers) * 10).rounded() / 10
        let times = factor == factor.rounded() ? "\(Int(factor))" : "\(factor)"
        let setting = node.load.maxWorkers == nil ? "`\"workers\": \(count)`" : "`\"max\": \(count)` for its workers"
        let result = "\(count) workers would do up to \(times) × as much\(end.until), \(setting)."
        return switch share {
        case nil: "If its handlers wait rather than compute, \(result)"
        case .some(let share) where share >= Self.computing:
            "It computes \(share.percent) of that time and there \(cores): \(result)"
        case .some(let share): "Its handlers wait \((1 - share).percent) of their time: \(result)"
        }
    }

    /// What ends the gain from more workers, in the words before and after it is reached.
    private struct End {
        var until = ""
        var isAlready = ""
    }

    /// How many times as much the pipeline could do before something else is the limit.
    private func gain(of node: MeasuredRun.Node) -> (Double, End) {
        var gain = Self.mostGain
        var end = End()
        if run.processorShare > 0, 1 / run.processorShare < gain {
            gain = 1 / run.processorShare
            end = End(until: " until the CPU is busy", isAlready: "the CPU is \(run.processorShare.percent) busy")
        }
        for next in run.nodes(after: node) where next.figures.utilization > 0 {
            guard 1 / next.figures.utilization < gain else { continue }
            gain = 1 / next.figures.utilization
            end = End(
                until: " until `\(next.name)` is full",
                isAlready: "`\(next.name)` is \(next.figures.utilization.percent) busy as well"
            )
        }
        return (gain, end)
    }
}
