import Tidemill

/// What a run has done, as a table and as books that balance.
struct Summary {
    let snapshot: PipelineSnapshot
    let hasFailed: Bool
    /// Whether messages had to be left.
    let isStopped: Bool

    init(_ snapshot: PipelineSnapshot, hasFailed: Bool, isStopped: Bool) {
        self.snapshot = snapshot
        self.hasFailed = hasFailed
        self.isStopped = isStopped
    }

    var text: String {
        let seconds = max(snapshot.time.inSeconds, 1e-9)
        let state = hasFailed ? "failed" : isStopped ? "stopped" : "drained"
        return "\(snapshot.name): \(state) after \(seconds.formatted) s\n" + table(seconds) + "\n" + books
            + (snapshot.explanation.map { "\n" + $0 } ?? "")
    }

    private func table(_ seconds: Double) -> String {
        let counts: [(title: String, of: (NodeSnapshot) -> Int)] = [
            ("retried", \.retried), ("expired", { $0.books[.expired] }), ("stuck", \.givenUp),
        ]
        let extra = counts.filter { count in snapshot.nodes.contains { count.of($0) > 0 } }
        let header = ["", "in", "out", "failed"] + extra.map(\.title) + ["in/s", "workers", "busy"]
        let rows = snapshot.nodes.map { node in
            let busy = node.busyTime.inSeconds / seconds / max(node.meanWorkers, 1)
            return [node.name, node.received.grouped, node.kind == .sink ? "" : node.sent.grouped, node.failed.grouped]
                + extra.map { node.kind == .source ? "" : $0.of(node).grouped }
                + [
                    Int(Double(node.received) / seconds).grouped, node.kind == .source ? "" : "\(node.workers)",
                    node.kind == .source ? "" : "\(Int(min(busy, 1) * 100)) %",
                ]
        }
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        return ([header] + rows).map { row in
            row.enumerated().map { column, cell in
                column == 0 ? cell.padded(to: widths[0]) : cell.padded(to: widths[column], right: true)
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    private var books: String {
        let books = snapshot.books
        let outcomes = Outcome.allCases.filter { books[$0] > 0 }.map { "\($0.name) \(books[$0].grouped)" }
        let sum = outcomes.isEmpty ? "0" : outcomes.joined(separator: " + ")
        let missing = books.balance ? "" : ", and \(books.open.grouped) UNACCOUNTED FOR"
        return "books: taken \(books.taken.grouped) + emitted \(books.emitted.grouped) = \(sum)\(missing)"
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

extension Double {
    /// Two digits after the point below ten, one below a thousand, else none.
    fileprivate var formatted: String {
        let digits = self < 10 ? 100.0 : self < 1_000 ? 10.0 : 1.0
        let rounded = (self * digits).rounded() / digits
        return digits == 1 ? "\(Int(rounded))" : "\(rounded)"
    }
}

extension Int {
    /// With commas: 1,234,567.
    var grouped: String {
        let digits = String(magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return self < 0 ? "-" + text : text
    }
}

extension String {
    func padded(to width: Int, right: Bool = false) -> String {
        let padding = String(repeating: " ", count: max(width - count, 0))
        return right ? padding + self : self + padding
    }
}
