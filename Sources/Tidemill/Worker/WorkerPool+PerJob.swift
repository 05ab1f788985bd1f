extension WorkerPool {
    /// Gives every job a task of its own as soon as a worker has nothing to do, and returns when all are done.
    ///
    /// A worker is made when there is a job for it, so that many that are never needed cost nothing; but the first one
    /// before the pipeline starts, so that a script that can't be loaded is told of at once.
    func giveEachJobATask(_ seats: Seats) async {
        let (number, _) = await seats.take()
        guard let first = await makeWorker(number) else { return gate.fail() }
        let opens = await gate.pass()
        seats.giveBack(number, first)
        if opens { await takeJobs(seats) }
        let left = await seats.end()
        await Task(executorPreference: executor) {
            for worker in left { await worker.close() }
        }.value
    }

    private func takeJobs(_ seats: Seats) async {
        var received = Batch<Delivery>(capacity: 1)
        while true {
            let (number, worker) = await seats.take()
            let done = seats.done
            let signal = await stage.input.receive(received, limit: 1)
            guard signal == .done else {
                seats.giveBack(number, worker)
                // What is at work may fail and come back, for another attempt.
                if signal == .finished, await seats.isMoreDone(than: done + 1) { continue }
                return
            }
            if let worker {
                worker.take(received)
                launch(worker.watch) { await self.workOff(worker, number, seats) }
            } else {
                let taken = received
                received = Batch(capacity: 1)
                let watch = makeWatch(number)
                launch(watch) { await self.begin(taken, watch, number, seats) }
            }
        }
    }

    /// Makes a worker, in a task of its kind.
    private func makeWorker(_ number: Int) async -> Worker? {
        let watch = makeWatch(number)
        return await withUnsafeContinuation { continuation in
            launch(watch) { continuation.resume(returning: await self.makeWorker(number, watch, isNeeded: true)) }
        }
    }

    private func begin(_ taken: Batch<Delivery>, _ watch: WorkerWatch, _ number: Int, _ seats: Seats) async {
        if let worker = await makeWorker(number, watch, isNeeded: true) {
            worker.take(taken)
            await workOff(worker, number, seats)
        } else {
            stage.input.release(taken)
            stage.settleLeftovers(taken)
            seats.giveBack(number, nil)
        }
    }

    private func workOff(_ worker: Worker, _ number: Int, _ seats: Seats) async {
        switch await worker.workOff() {
        case .renewed: launch(worker.watch) { await self.workOff(worker, number, seats) }
        case .givenUp: await leave(worker)
        case .finished, .dismissed, nil: seats.giveBack(number, worker)
        }
    }
}
