import Synchronization

/// Gathers jobs for the workers of a stage that handles many at once: one batch at a time, so that few jobs don't wait
/// in as many batches as there are workers.
final class BatchCollector: Sendable {
    private struct State {
        var isTaken = false
        var waiting: [UnsafeContinuation<Void, Never>] = []
    }

    private let policy: BatchPolicy
    private let clock: any PipelineClock
    private let deadline: @Sendable (borrowing Delivery) -> Int
    private let turn = Mutex(State())
    /// The job that would have made the batch before too large; it belongs to whose turn it is.
    private let surplus = Batch<Delivery>(capacity: 0)

    /// A collector; `deadline` says until when a job may take, in nanoseconds of the clock.
    init(
        _ policy: BatchPolicy,
        _ clock: any PipelineClock,
        deadline: @escaping @Sendable (borrowing Delivery) -> Int
    ) {
        self.policy = policy
        self.clock = clock
        self.deadline = deadline
    }

    /// Waits for jobs and gathers them until the batch is large enough, or the first of them has waited long enough.
    ///
    /// A job that comes back for another attempt is a batch of its own, so that a bad one fails alone.
    func collect(_ batch: Batch<Delivery>, from input: Channel<Delivery>) async -> ChannelSignal {
        await takeTurn()
        defer { passTurn() }
        if surplus.isEmpty {
            let signal = await input.receive(batch, limit: policy.bytes == nil ? policy.count : 1)
            guard signal == .done else { return signal }
            if !batch[0].attempts.isEmpty { return .done }
        } else {
            batch.take(over: surplus)
        }
        if policy.bytes == nil { await fill(batch, from: input) } else { await fillByBytes(batch, from: input) }
        return .done
    }

    /// What is left when all workers have ended.
    var leftovers: Batch<Delivery> { surplus }

    private func fill(_ batch: Batch<Delivery>, from input: Channel<Delivery>) async {
        var end = clock.now + policy.period
        var seen = 0
        while batch.count < policy.count {
            end = min(end, patience(batch, since: seen))
            seen = batch.count
            guard await input.receive(batch, limit: policy.count - batch.count, until: end) == .done else { return }
        }
    }

    private func fillByBytes(_ batch: Batch<Delivery>, from input: Channel<Delivery>) async {
        let most = policy.bytes ?? .max
        var end = clock.now + policy.period
        var bytes = batch[0].job.value.footprint
        while batch.count < policy.count, bytes < most {
            end = min(end, patience(batch, since: batch.count - 1))
            let lanes = batch.lanes.count
            guard await input.receive(batch, limit: 1, until: end) == .done else { return }
            bytes += batch[batch.count - 1].job.value.footprint
            if bytes > most { return leaveLast(of: batch, held: lanes, to: input) }
        }
    }

    /// The last job is one too many: the next batch begins with it.
    ///
    /// Where keys are kept apart, the channel has it again, for whoever may have its key then.
    private func leaveLast(of batch: Batch<Delivery>, held lanes: Int, to input: Channel<Delivery>) {
        let job = batch.removeLast()
        if input.keepsKeysApart {
            input.unread(job, releasing: Array(batch.lanes[lanes...]))
            batch.lanes.removeSubrange(lanes...)
        } else {
            surplus.append(job)
            surplus.position = batch.position + UInt64(batch.count)
        }
    }

    /// Until when jobs that came in as number `first` and after may wait for others: half of what their deadlines leave.
    private func patience(_ batch: Batch<Delivery>, since first: Int) -> Duration {
        let due = (first..<batch.count).map { deadline(batch[$0]) }.min() ?? .max
        if due == .max { return .nanoseconds(due) }
        let now = clock.now
        return now + max((.nanoseconds(due) - now) / 2, .zero)
    }

    // MARK: Turns

    private func takeTurn() async {
        await withUnsafeContinuation { continuation in
            let isMine = turn.withLock { state in
                if state.isTaken { state.waiting.append(continuation) }
                defer { state.isTaken = true }
                return !state.isTaken
            }
            if isMine { continuation.resume() }
        }
    }

    private func passTurn() {
        let next = turn.withLock { state in
            state.isTaken = !state.waiting.isEmpty
            // The one that began to wait last: its caches are the warmest.
            return state.waiting.popLast()
        }
        next?.resume()
    }
}
