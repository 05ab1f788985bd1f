import Logging

extension WorkerPool {
    /// A worker can't be stopped: its job ends, the others of its batch go back, and another worker takes its place.
    func replace(_ number: Int, _ given: GivenUp) {
        let (count, isCancelled) = noteGivenUp()
        threads?.replaceThread()
        part.givenUp.add(1)
        part.tallies[number].busySince = nil
        let job = given.deliveries[given.stuck.lowerBound].delivery.ticket.jobID(parts.sources)
        log(
            .error,
            "a worker can't be stopped and is given up",
            ["worker": "\(number + 1)", "job": "\(job)", "reason": "\(given.reason)"]
        )
        if count > settings.maxStuckWorkers, !isCancelled {
            let text = "\(count) workers could not be stopped, the last one at job \(job)"
            parts.cancel(PipelineError(.stuck, node: node, text))
        }
        Task(executorPreference: parts.options.executor) {
            await self.settle(given, number)
            self.startAgain(number)
        }
    }

    private func settle(_ given: GivenUp, _ number: Int) async {
        let router = parts.router(part, tally: part.tallies[number])
        let stuck = given.deliveries[given.stuck]
        let rest = given.deliveries[..<given.stuck.lowerBound] + given.deliveries[given.stuck.upperBound...]
        stage.settleLeftovers(stage.input.restore(rest.map { ($0.delivery, $0.position) }))
        for (delivery, position) in stuck {
            let results = stage.makeResults()
            let failure = JobFailure(.stuck, "the handler could not be stopped, and its worker was given up")
            results.stop(delivery, given.reason, timeout: failure)
            router.counts.attempts.add(results.failures)
            if let sequencer = stage.sequencer {
                _ = await sequencer.deliver(results, start: position, end: position + 1, through: router)
            } else {
                await router.forward(results)
            }
        }
        stage.retries.noteStuck()
        stage.input.release(given.lanes)
    }
}
