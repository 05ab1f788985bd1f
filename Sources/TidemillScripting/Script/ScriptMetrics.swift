import Metrics
import Tidemill
import TidemillLua

/// `ctx.metrics`: what a script counts and measures goes to the program's metrics, under `tidemill_script_`, in a
/// bounded number of series.
final class ScriptMetrics {
    private enum Kind: String, CaseIterable { case count, gauge, observe }

    private struct Series: Hashable {
        let kind: Kind
        let name: String
        let labels: [String: String]
    }

    private let stage: String
    private var series: [Series: (Double) -> Void] = [:]
    private static let most = 256

    init(_ worker: WorkerContext) { stage = worker.stage }

    var functions: [LuaFunction] {
        Kind.allCases.map { kind in
            .values("metrics." + kind.rawValue) { [self] arguments in
                guard let name = arguments.first?.text, let amount = amount(kind, arguments) else {
                    throw ScriptError("metrics.\(kind.rawValue) takes a name and a number")
                }
                let labels = arguments.count > 2 ? arguments[2].fields ?? [] : []
                let named = Dictionary(
                    labels.map { ($0.key, $0.value.text ?? $0.value.description) },
                    uniquingKeysWith: { $1 }
                )
                try record(Series(kind: kind, name: name, labels: named), amount)
                return nil
            }
        }
    }

    private func amount(_ kind: Kind, _ arguments: [Value]) -> Double? {
        if arguments.count > 1 { return arguments[1].number }
        return kind == .count ? 1 : nil
    }

    private func record(_ wanted: Series, _ amount: Double) throws {
        if let record = series[wanted] { return record(amount) }
        guard series.count < Self.most else {
            throw ScriptError("more than \(Self.most) series of metrics; labels must not have that many values")
        }
        let record = recorder(wanted)
        series[wanted] = record
        record(amount)
    }

    private func recorder(_ series: Series) -> (Double) -> Void {
        let label = "tidemill_script_" + series.name
        let dimensions = [("stage", stage)] + series.labels.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        switch series.kind {
        case .count:
            let counter = FloatingPointCounter(label: label, dimensions: dimensions)
            return { counter.increment(by: $0) }
        case .gauge:
            let gauge = Gauge(label: label, dimensions: dimensions)
            return { gauge.record($0) }
        case .observe:
            let recorder = Recorder(label: label, dimensions: dimensions)
            return { recorder.record($0) }
        }
    }
}
