import Metrics

/// Makes the metrics of one node: their names begin with `tidemill_`, and their dimensions with pipeline and node.
struct MetricSeries {
    let factory: any MetricsFactory
    let pipeline: String
    /// Empty for what belongs to no node.
    let node: String

    func counter<Source>(
        _ name: String,
        _ more: [(String, String)] = [],
        _ read: @escaping @Sendable (Source) -> Int
    ) -> DerivedCounter<Source> {
        let counter = Metrics.Counter(label: label(name), dimensions: dimensions + more, factory: factory)
        return DerivedCounter(counter: counter, read: read)
    }

    func gauge(_ name: String) -> Gauge { Gauge(label: label(name), dimensions: dimensions, factory: factory) }

    func timer(_ name: String) -> Metrics.Timer {
        Metrics.Timer(
            label: label(name),
            dimensions: dimensions,
            preferredDisplayUnit: .seconds,
            factory: factory
        )
    }

    private var dimensions: [(String, String)] { [("pipeline", pipeline), ("node", node)] }

    private func label(_ name: String) -> String { "tidemill_" + name }
}

/// A counter that is told by how much a number has grown since the last look.
struct DerivedCounter<Source> {
    let counter: Metrics.Counter
    let read: @Sendable (Source) -> Int
    private var last = 0

    init(counter: Metrics.Counter, read: @escaping @Sendable (Source) -> Int) {
        self.counter = counter
        self.read = read
    }

    mutating func update(_ source: Source) {
        let now = read(source)
        if now > last { counter.increment(by: now - last) }
        last = max(now, last)
    }
}
