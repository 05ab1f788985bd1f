import Metrics

/// What one node tells the program's metrics, as the differences between its books from one look to the next.
struct NodeMetrics {
    private let part: PipelineParts.Part
    private let clock: any PipelineClock
    private let series: MetricSeries
    private let capacity: Gauge?
    private let queued: Gauge?
    private let inFlight: Gauge?
    private let workers: Gauge?
    private let busy: Gauge
    private let waiting: Gauge?
    private let breaker: Gauge?
    private var counters: [DerivedCounter<NodeSnapshot>]
    private var books: BookMetrics
    private var grown: DerivedCounter<Int>?
    private var shrunk: DerivedCounter<Int>?
    private var openings: DerivedCounter<Int>?
    private var failed: KindMetrics
    private var attempts: KindMetrics?

    init(_ part: PipelineParts.Part, _ clock: any PipelineClock, _ series: MetricSeries) {
        self.part = part
        self.clock = clock
        self.series = series
        let hasInput = part.input != nil
        capacity = hasInput ? series.gauge("queue_capacity") : nil
        queued = hasInput ? series.gauge("queue_length") : nil
        waiting = hasInput ? series.gauge("retries_waiting") : nil
        inFlight = part.ledger.map { _ in series.gauge("messages_in_flight") }
        workers = hasInput ? series.gauge("workers") : nil
        busy = series.gauge("workers_busy")
        let isScaled = part.node.settings.scaling != nil
        grown = isScaled ? series.counter("scalings", [("direction", "up")]) { $0 } : nil
        shrunk = isScaled ? series.counter("scalings", [("direction", "down")]) { $0 } : nil
        let hasBreaker = part.node.settings.breaker != nil
        breaker = hasBreaker ? series.gauge("breaker_state") : nil
        openings = hasBreaker ? series.counter("breaker_openings") { $0 } : nil
        counters = [
            series.counter("jobs_received") { $0.received },
            series.counter("jobs_sent") { $0.sent },
            series.counter("jobs_retried") { $0.retried },
            series.counter("workers_given_up") { $0.givenUp },
            series.counter("busy_microseconds") { $0.busyTime.nanoseconds / 1_000 },
        ]
        books = BookMetrics(series)
        failed = KindMetrics(name: "jobs_failed", series)
        attempts = hasInput ? KindMetrics(name: "attempts_failed", series) : nil
        part.stops.report(to: series.timer("stop_seconds"))
    }

    mutating func collect() {
        let part = part
        let snapshot = NodeSnapshot(part, at: clock.now)
        for index in counters.indices { counters[index].update(snapshot) }
        books.update(snapshot.books)
        failed.update(part.failures.jobs.all)
        attempts?.update(part.failures.attempts.all)
        capacity?.record(snapshot.capacity)
        queued?.record(snapshot.queued)
        workers?.record(snapshot.workers)
        busy.record(snapshot.busy)
        let changes = part.size.counts
        grown?.update(changes.grown)
        shrunk?.update(changes.shrunk)
        if let ledger = part.ledger { inFlight?.record(ledger.unsettled) }
        guard let retries = part.stage?.retries else { return }
        waiting?.record(retries.count)
        guard let state = retries.breakerState else { return }
        breaker?.record(Self.level(state.gate))
        openings?.update(state.openings)
    }

    private static func level(_ gate: CircuitBreaker.Gate) -> Int {
        switch gate {
        case .open: 0
        case .trial: 1
        case .shut: 2
        }
    }
}

/// The books of a node as counters, one for each outcome.
struct BookMetrics {
    private var counters: [DerivedCounter<Books>]

    init(_ series: MetricSeries) {
        counters = [
            series.counter("messages_taken") { $0.taken },
            series.counter("jobs_emitted") { $0.emitted },
        ]
        counters += Outcome.allCases.map { outcome in series.counter("jobs_" + outcome.name) { $0[outcome] } }
    }

    mutating func update(_ books: Books) {
        for index in counters.indices { counters[index].update(books) }
    }
}

/// Counters of failures, one for each kind that there was.
private struct KindMetrics {
    private let name: String
    private let series: MetricSeries
    private var counters: [String: DerivedCounter<Int>] = [:]

    init(name: String, _ series: MetricSeries) {
        self.name = name
        self.series = series
    }

    mutating func update(_ counts: [String: Int]) {
        for (kind, count) in counts {
            var counter = counters[kind] ?? series.counter(name, [("kind", kind)]) { $0 }
            counter.update(count)
            counters[kind] = counter
        }
    }
}
