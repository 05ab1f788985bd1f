/// Does a batch of jobs as one piece of work, and says of each what became of it.
package protocol BatchWork: AnyObject {
    /// How each job ended, in order; nil if they are not done and nothing is to be said of them now, because the worker
    /// was stopped for good or given up.
    func handle(_ batch: Batch<Delivery>) async -> [JobEnd]?
    func close() async
}

/// How one job of a batch ended.
package enum JobEnd {
    /// It became this job.
    case passed(Job)
    /// It became these, or nothing, for each port.
    case became([(port: Int, job: Job)])
    /// It failed.
    case failed(JobFailure)
    /// It was stopped with the batch.
    case stopped(StopReason)
    /// The batch was interrupted before it was done.
    case cancelled
}

/// Gives whole batches to one ``BatchWork``.
///
/// Where results keep their order, a failure ends a run, and the rest of the batch comes back as the next one: those jobs
/// are done already, and their ends are kept here meanwhile.
package final class BatchProcessor: Processor {
    private let work: any BatchWork
    private let watch: WorkerWatch
    private var kept: [JobEnd] = []
    /// The place in the channel of the first job that `kept` is about.
    private var position: UInt64 = 0

    package init(_ work: any BatchWork, watch: WorkerWatch) {
        self.work = work
        self.watch = watch
    }

    package func process(_ batch: Batch<Delivery>, _ results: BatchResults) async {
        if kept.count != batch.count || position != batch.position {
            kept = []
            guard let ends = await work.handle(batch), !watch.isGivenUp else { return }
            precondition(ends.count == batch.count)
            kept = ends
        }
        var count = 0
        while count < batch.count, !results.isStopped {
            tell(batch[count], kept[count], results)
            count += 1
        }
        kept.removeFirst(count)
        position = batch.position + UInt64(count)
        _ = watch.advance(batch, by: count)
    }

    private func tell(_ delivery: Delivery, _ end: JobEnd, _ results: BatchResults) {
        switch end {
        case .passed(let job): results.pass(delivery.ticket, job)
        case .became(let jobs): results.pass(delivery.ticket, jobs)
        case .failed(let failure): results.fail(delivery, failure)
        case .stopped(let reason): results.stop(delivery, reason, timeout: watch.timeoutFailure())
        case .cancelled: results.settle(delivery, .cancelled)
        }
    }

    package func close() async { await work.close() }
}
