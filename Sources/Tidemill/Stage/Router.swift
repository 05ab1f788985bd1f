import Logging

/// Where the jobs of a node go: on to the nodes that read its ports, to the dead letters, or into the books.
///
/// One belongs to one worker or source; the channels behind it are shared.
package final class Router {
    private let routes: [[Channel<Delivery>]]
    private let failures: FailurePolicy
    private let ledgers: [Ledger]
    package let tally: Tally
    let counts: FailureCounts
    private let control: PipelineControl
    private let clock: any PipelineClock
    private let leftovers: LeftoverLog?
    private let evicted = Batch<Delivery>()

    init(
        routes: [[Channel<Delivery>]],
        failures: FailurePolicy,
        ledgers: [Ledger],
        tally: Tally,
        counts: FailureCounts,
        control: PipelineControl,
        clock: any PipelineClock,
        leftovers: LeftoverLog? = nil
    ) {
        self.routes = routes
        self.failures = failures
        self.ledgers = ledgers
        self.tally = tally
        self.counts = counts
        self.control = control
        self.clock = clock
        self.leftovers = leftovers
    }

    /// Whether the pipeline was cancelled, so that nothing goes on any more.
    var isCancelled: Bool { control.isCancelled }

    /// How many jobs fit behind the first port, in channels and in hands.
    var room: Int { readers.map { $0.limits.capacity + max($0.mostWaitingReceivers, 1) }.min() ?? 1 }

    private var readers: [Channel<Delivery>] { routes.first ?? [] }

    /// Makes the results of a batch so: jobs go on as there is room, failures go by policy, the rest is settled.
    package func forward(_ results: BatchResults) async {
        for (ticket, extra) in results.added { add(extra, to: ticket) }
        for port in results.outputs.indices where !results.outputs[port].isEmpty {
            await send(results.outputs[port], to: port)
        }
        if !results.failures.isEmpty { await dispose(of: results.failures) }
        for (delivery, outcome, state) in results.unfinished {
            leftovers?.note(delivery, outcome, at: failures.node, state)
        }
        settle(results.settled)
        results.removeAll()
    }

    /// Sends jobs to every node that reads the port, waiting for room there.
    package func send(_ batch: Batch<Delivery>, to port: Int) async {
        guard port < routes.count, let last = routes[port].last else { return await refuse(batch) }
        tally.sent.add(batch.count)
        for channel in routes[port].dropLast() {
            let copies = Batch<Delivery>(capacity: batch.count)
            for index in 0..<batch.count {
                add(1, to: batch[index].ticket)
                copies.append(batch[index])
            }
            await send(copies, into: channel)
        }
        await send(batch, into: last)
    }

    private func send(_ batch: Batch<Delivery>, into channel: Channel<Delivery>) async {
        channel.shed(batch, into: evicted)
        var signal = channel.trySend(batch, evicted: evicted)
        if signal == nil { signal = await wait(for: channel, batch) }
        if !evicted.isEmpty { settleAll(evicted, .dropped) }
        if batch.isEmpty { return }
        let refused: Outcome = channel.limits.overflow == .reject ? .rejected : .dropped
        let outcome = signal == .full ? refused : .cancelled
        leftovers?.note(batch, outcome, at: failures.node, .leaving)
        settleAll(batch, outcome)
    }

    private func wait(for channel: Channel<Delivery>, _ batch: Batch<Delivery>) async -> ChannelSignal {
        let start = clock.now
        tally.blockedSince = start
        defer {
            tally.blockedSince = nil
            tally.blockedNanoseconds.add((clock.now - start).nanoseconds)
        }
        return await channel.send(batch, evicted: evicted, shielded: true)
    }

    /// Nobody reads what a node sends here: its jobs have failed.
    private func refuse(_ batch: Batch<Delivery>) async {
        let failure = JobFailure(.handler, "no node reads what \(failures.node) returns; give a node `inputs` that do")
        await dispose(of: (0..<batch.count).map { (batch[$0], failure) })
        batch.removeAll()
    }

    private func dispose(of failed: [(delivery: Delivery, failure: JobFailure)]) async {
        tally.failed.add(failed.count)
        counts.jobs.add(failed)
        let letters = Batch<Delivery>(capacity: failed.count)
        for (delivery, failure) in failed {
            ledgers[delivery.ticket.source].failed(delivery.ticket, failure, in: failures.node)
            switch failures.dispose(delivery, failure) {
            case .deadLetter(let letter): letters.append(Delivery(letter, ticket: delivery.ticket))
            case .settle(let outcome):
                leftovers?.note(delivery, outcome, at: failures.node, .atWork, extraAttempts: 1)
                settle(delivery.ticket, outcome)
            }
        }
        if !letters.isEmpty, let channel = failures.deadLetters { await send(letters, into: channel) }
    }

    // MARK: Books

    private func add(_ extra: Int, to ticket: Ticket) {
        ledgers[ticket.source].add(extra, to: ticket)
        tally.emitted.add(extra)
    }

    private func settle(_ ticket: Ticket, _ outcome: Outcome) {
        tally.add(1, to: outcome)
        ledgers[ticket.source].settle(ticket, outcome)
        ledgers[ticket.source].settledSome()
    }

    package func settleAll(_ batch: Batch<Delivery>, _ outcome: Outcome) {
        let settled = Batch<(ticket: Ticket, outcome: Outcome)>(capacity: batch.count)
        for delivery in batch.elements { settled.append((delivery.ticket, outcome)) }
        batch.removeAll()
        settle(settled)
    }

    /// Settles in runs of one source and one outcome, so that a ledger and a counter are looked up once for many jobs.
    private func settle(_ settled: Batch<(ticket: Ticket, outcome: Outcome)>) {
        let all = settled.elements
        var index = 0
        while index < all.count {
            let first = index
            let (source, outcome) = (all[first].ticket.source, all[first].outcome)
            let ledger = ledgers[source]
            while index < all.count, all[index].ticket.source == source, all[index].outcome == outcome {
                ledger.settle(all[index].ticket, outcome)
                index += 1
            }
            ledger.settledSome()
            tally.add(index - first, to: outcome)
        }
        settled.removeAll()
    }
}
