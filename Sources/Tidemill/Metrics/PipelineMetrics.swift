import Metrics
import Synchronization

/// Tells the program's metrics, under `tidemill_`, what a pipeline does: each second, and once more at its end.
///
/// All but rare events is read off the books that workers keep anyway, so that a job costs nothing more; a program
/// without a metrics backend has no such collector.
///
/// `@unchecked Sendable`: as its superclass; its own state is behind a lock.
final class PipelineMetrics: PipelineTimer, @unchecked Sendable {
    private struct State {
        var nodes: [NodeMetrics]
        /// Of jobs that no worker had when they ended.
        var strays: BookMetrics
    }

    private let parts: PipelineParts
    private let interval: Duration
    private let state: Mutex<State>

    /// Nil where the program has no metrics backend.
    init?(_ name: String, _ parts: PipelineParts) {
        let factory = parts.options.metrics ?? MetricsSystem.factory
        if factory is NOOPMetricsHandler { return nil }
        self.parts = parts
        interval = max(parts.options.metricsInterval, .milliseconds(1))
        let nodes = parts.parts.map { part in
            let series = MetricSeries(factory: factory, pipeline: name, node: part.node.name)
            return NodeMetrics(part, parts.options.clock, series)
        }
        let strays = BookMetrics(MetricSeries(factory: factory, pipeline: name, node: ""))
        state = Mutex(State(nodes: nodes, strays: strays))
    }

    /// Collects from now on; ``collect()`` must follow the run.
    func start() { parts.timers.set(self, at: parts.options.clock.now + interval) }

    override func fire() {
        collect()
        start()
    }

    func collect() {
        state.withLock { state in
            for index in state.nodes.indices { state.nodes[index].collect() }
            state.strays.update(parts.strays.books)
        }
    }
}
