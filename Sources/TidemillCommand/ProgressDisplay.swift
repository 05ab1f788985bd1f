import Synchronization
import Tidemill

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// A live line for each node on the terminal: rate, queue, busy workers, errors; and a bar where a source knows its end.
final class ProgressDisplay: Sendable {
    private let task = Mutex<Task<Void, Never>?>(nil)
    private let frames = Mutex(ProgressFrames())

    /// Nil where standard error is no terminal, or where the pipeline itself writes to the terminal.
    init?(_ pipeline: Pipeline, _ configuration: PipelineConfiguration) {
        let writesToTerminal = configuration.sinks.contains { $0.type == "stdout" } && isatty(STDOUT_FILENO) == 1
        guard isatty(STDERR_FILENO) == 1, !writesToTerminal else { return nil }
        let drawing = Task { [self] in
            while (try? await Task.sleep(for: .milliseconds(500))) != nil {
                let snapshot = pipeline.snapshot()
                frames.withLock { writeError($0.next(snapshot)) }
            }
            show("")
        }
        task.withLock { $0 = drawing }
    }

    /// Writes a text above the lines, which come back below it.
    func show(_ text: String) { frames.withLock { writeError($0.clear() + text) } }

    /// Takes the lines away.
    func end() async {
        let drawing = task.withLock { $0 }
        drawing?.cancel()
        await drawing?.value
    }
}

/// Draws each frame over the one before.
struct ProgressFrames {
    private var before: PipelineSnapshot?
    private var height = 0

    /// The text that replaces the last frame by one for this moment.
    mutating func next(_ snapshot: PipelineSnapshot) -> String {
        let nodes = snapshot.nodes.enumerated().map { line($0.element, $0.offset, snapshot) }
        let lines = nodes + (stopping(snapshot).map { [$0] } ?? [])
        let frame = erase + lines.map { $0 + "\n" }.joined()
        before = snapshot
        height = lines.count
        return frame
    }

    /// The text that takes the last frame away, for good.
    mutating func clear() -> String {
        defer { height = 0 }
        return erase
    }

    private func stopping(_ snapshot: PipelineSnapshot) -> String? {
        switch snapshot.phase {
        case .starting, .running, .ended: nil
        case .draining, .cancelling: "\(snapshot.phase.rawValue): \(snapshot.books.open.grouped) jobs under way"
        }
    }

    /// The text that takes the last frame away.
    var erase: String { height == 0 ? "" : "\u{1B}[\(height)A\u{1B}[J" }

    private func line(_ node: NodeSnapshot, _ index: Int, _ snapshot: PipelineSnapshot) -> String {
        let seconds = before.map { (snapshot.time - $0.time).inSeconds } ?? snapshot.time.inSeconds
        let received = before.map { node.received - $0.nodes[index].received } ?? node.received
        let rate = Int(Double(received) / max(seconds, 1e-9))
        var line = node.name.padded(to: 16) + "\(rate.grouped)/s".padded(to: 14, right: true)
        if node.kind == .source {
            line += bar(node)
        } else {
            line += "  queue \(node.queued.grouped)/\(node.capacity.grouped)".padded(to: 22)
            line += "  busy \(node.busy)/\(node.workers)"
        }
        if node.failed > 0 { line += "  failed \(node.failed.grouped)" }
        return line
    }

    private func bar(_ node: NodeSnapshot) -> String {
        guard let total = node.total, total > 0 else { return "  \(node.received.grouped) jobs" }
        let share = min(max(Double(node.done) / Double(total), 0), 1)
        let full = Int(share * 24)
        let bar = String(repeating: "█", count: full) + String(repeating: "░", count: 24 - full)
        return "  \(bar) \(Int(share * 100)) %"
    }
}
