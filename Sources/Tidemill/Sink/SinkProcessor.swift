/// Gives batches to a ``Sink``.
///
/// One path serves stages and sinks: the same workers, policies and books.
final class SinkProcessor: Processor {
    private let sink: any Sink
    private let name: String
    private let stop: @Sendable (PipelineError) -> Void
    private let watch: WorkerWatch
    private let ledgers: [Ledger]
    private let whole = WholeBatch()

    init(_ sink: any Sink, _ worker: WorkerContext, stop: @escaping @Sendable (PipelineError) -> Void) {
        self.sink = sink
        self.stop = stop
        name = worker.stage
        watch = worker.watch
        ledgers = worker.ledgers
        watch.use(whole)
    }

    func process(_ batch: Batch<Delivery>, _ results: BatchResults) async {
        whole.set(batch.count)
        let writing = SinkBatch(batch)
        do {
            try await sink.write(writing)
        } catch is CancellationError where Task.isCancelled {
            return settle(batch, results) { _ in .cancelled }
        } catch {
            // What a broken sink did not take is nobody's failure: the jobs go back, and the run ends.
            stop(PipelineError(.sink, node: name, error))
            settle(batch, results) { _ in .rejected }
            return
        }
        let failures = writing.failures.byIndex
        if !failures.isEmpty {
            for (index, failure) in failures.sorted(by: { $0.key < $1.key }) { results.fail(batch[index], failure) }
        }
        if failures.isEmpty {
            settle(batch, results) { _ in .delivered }
        } else {
            settle(batch, results) { failures[$0] == nil ? .delivered : nil }
        }
    }

    @inline(__always)
    private func settle(_ batch: Batch<Delivery>, _ results: BatchResults, _ outcome: (Int) -> Outcome?) {
        let deliveries = batch.elements
        for index in deliveries.indices {
            guard let outcome = outcome(index) else { continue }
            guard outcome == .delivered else {
                results.settle(deliveries[index], outcome)
                continue
            }
            // Most jobs have no details, and a failure is large to copy.
            let isDeadLetter = deliveries[index].job.details.map { $0.failure != nil } ?? false
            let ledger = ledgers[deliveries[index].ticket.source]
            if ledger.wantsResults, !isDeadLetter { ledger.delivered(deliveries[index], to: name) }
            results.settle(deliveries[index].ticket, isDeadLetter ? .deadLettered : .delivered)
        }
        _ = watch.advance(batch, by: batch.count)
    }

    func close() async {
        do {
            try await sink.close()
        } catch {
            stop(PipelineError(.sink, node: name, error))
        }
    }
}
