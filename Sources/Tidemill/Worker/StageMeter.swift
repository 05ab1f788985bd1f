/// Measures what a stage does, from one look at it to the next.
struct StageMeter {
    /// What the stage has done since it began, as far as a look sees it.
    private struct Totals {
        var done = 0
        var busy = Duration.zero
        var blocked = Duration.zero
        var cpu: Duration?
        var processCPU: Duration?
    }

    private let part: PipelineParts.Part
    /// Whether the pipeline's tasks run on threads of its own and Swift's, so that their processor time says something.
    private let knowsProcessor: Bool
    private var time: Duration
    private var last = Totals()

    /// Measures from that time on.
    init(_ part: PipelineParts.Part, knowsProcessor: Bool, from time: Duration) {
        self.part = part
        self.knowsProcessor = knowsProcessor
        self.time = time
        last = totals(time)
    }

    /// What was done by so many workers since the last look.
    mutating func look(at now: Duration, workers: Int) -> StageLoad {
        let totals = totals(now)
        defer { (time, last) = (now, totals) }
        return StageLoad(
            elapsed: now - time,
            workers: workers,
            done: totals.done - last.done,
            busy: totals.busy - last.busy,
            blocked: totals.blocked - last.blocked,
            cpu: difference(totals.cpu, last.cpu),
            processCPU: difference(totals.processCPU, last.processCPU),
            queued: part.input?.count ?? 0,
            capacity: part.input?.limits.capacity ?? 0,
            limited: isLimited
        )
    }

    private func totals(_ now: Duration) -> Totals {
        var totals = Totals()
        var (work, blocked) = (Duration.zero, Duration.zero)
        for tally in part.tallies.all {
            totals.done += tally.received.value
            // In the order in which a worker does not write them: what ends between the two is missed once, and not
            // counted twice.
            work += .nanoseconds(tally.busyNanoseconds.value) + under(tally.busySince, now)
            blocked += .nanoseconds(tally.blockedNanoseconds.value) + under(tally.blockedSince, now)
        }
        // A worker that was given up takes its time along; time does not go back for that.
        totals.blocked = max(blocked, last.blocked)
        totals.busy = max(work - blocked, last.busy)
        if knowsProcessor {
            // Who waits for a core would compute if there were one: with more workers still more would wait.
            totals.cpu = part.threadClocks.total.map { $0.computed + $0.waited }
            totals.processCPU = processTime()
        }
        return totals
    }

    private func under(_ since: Duration?, _ now: Duration) -> Duration { since.map { max(now - $0, .zero) } ?? .zero }

    private func difference(_ now: Duration?, _ last: Duration?) -> Duration? {
        now.map { max($0 - (last ?? .zero), .zero) }
    }

    private var isLimited: Bool {
        let isHeldBack = part.input?.takeHeldBack() ?? false
        if let breaker = part.stage?.retries.breakerState, breaker.gate != .open { return true }
        // Where a limit holds back the jobs of one key, more workers may be of use for the others.
        return isHeldBack && part.node.settings.rateLimit?.limit.isPerKey == false
    }
}
