import Tidemill

/// How soon jobs stop that loop for ever: `workers` of them, stopped in several ways, `runs` times each.
///
/// A job has stopped when its source hears what became of it. The times are printed in milliseconds.
func measureStops(workers: Int, runs: Int) async throws -> String {
    let limit = Duration.milliseconds(20)
    var times: [(name: String, times: [Duration])] = []
    for loops in [BusyPipeline.Loops.endless, .shared] {
        var (jobs, ends): ([Duration], [Duration]) = ([], [])
        for _ in 0..<runs {
            let (stopped, end) = try await cancel(BusyPipeline(workers: workers, loops), at: workers, loops)
            jobs += stopped
            ends.append(end)
        }
        times += [("\(loops)", jobs), ("\(loops)_run", ends)]
    }
    var (withdrawn, late): ([Duration], [Duration]) = ([], [])
    for _ in 0..<max(runs * 4 / workers, 1) {
        withdrawn += try await withdrawEach(BusyPipeline(workers: workers), atHand: atHand(workers, .endless))
        late += try await overrun(BusyPipeline(workers: workers, timeout: limit), timeout: limit)
    }
    times += [("withdrawn", withdrawn), ("timeout", late)]
    let figures = times.map { figure($0.name, $0.times) }.joined(separator: ",")
    return "{\"pattern\":\"cancel\",\"workers\":\(workers),\"runs\":\(runs),\(figures)}"
}

/// How many jobs get to be handled at one time.
private func atHand(_ workers: Int, _ loops: BusyPipeline.Loops) -> Int {
    loops == .shared ? workers : min(workers, onlineProcessors())
}

/// Cancels the pipeline once its workers loop: from then, when each job ended and when the run did.
private func cancel(
    _ busy: BusyPipeline,
    at workers: Int,
    _ loops: BusyPipeline.Loops
) async throws -> (jobs: [Duration], run: Duration) {
    async let run: Void = busy.run()
    var missing = atHand(workers, loops)
    var start: ContinuousClock.Instant?
    var jobs: [Duration] = []
    for await event in busy.events {
        switch event {
        case .started:
            missing -= 1
            if missing > 0 { continue }
            if start == nil {
                start = .now
                busy.pipeline.cancel()
            }
        case .settled(_, let time):
            if let start { jobs.append(start.duration(to: time)) }
        }
    }
    try await run
    guard let start, jobs.count == workers else { throw BenchmarkError(message: "\(jobs.count) jobs ended") }
    return (jobs, start.duration(to: .now))
}

/// Withdraws one message after the other while the other jobs loop on: how long each took to end.
private func withdrawEach(_ busy: BusyPipeline, atHand: Int) async throws -> [Duration] {
    async let run: Void = busy.run()
    var times: [Duration] = []
    var looping: [Int] = []
    var started = 0
    var wish: (number: Int, time: ContinuousClock.Instant)?
    for await event in busy.events {
        switch event {
        case .started(let number, _):
            looping.append(number)
            started += 1
        case .settled(let number, let time):
            guard let wanted = wish, wanted.number == number else {
                throw BenchmarkError(message: "job \(number) ended, which nobody had withdrawn")
            }
            times.append(wanted.time.duration(to: time))
            wish = nil
        }
        let isBusy = looping.count == atHand || started == busy.contexts.count
        if wish == nil, isBusy, !looping.isEmpty {
            let number = looping.removeFirst()
            wish = (number, .now)
            busy.contexts[number].withdraw()
        }
    }
    try await run
    return times
}

/// How long jobs went on after their time was over.
private func overrun(_ busy: BusyPipeline, timeout: Duration) async throws -> [Duration] {
    async let run: Void = busy.run()
    var starts: [Int: ContinuousClock.Instant] = [:]
    var times: [Duration] = []
    for await event in busy.events {
        switch event {
        case .started(let number, let time): starts[number] = time
        case .settled(let number, let time):
            if let start = starts[number] { times.append(start.duration(to: time) - timeout) }
        }
    }
    try await run
    return times
}

private func figure(_ name: String, _ times: [Duration]) -> String {
    let sorted = times.map { $0 / .milliseconds(1) }.sorted()
    let parts = [("p50", 0.5), ("p99", 0.99), ("max", 1)].map { place, share in
        let index = max(Int((share * Double(sorted.count)).rounded(.up)) - 1, 0)
        return "\"\(name)_\(place)_ms\":\(sorted.isEmpty ? 0 : sorted[index])"
    }
    return (parts + ["\"\(name)_count\":\(sorted.count)"]).joined(separator: ",")
}
