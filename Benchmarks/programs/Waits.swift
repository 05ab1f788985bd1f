import Synchronization
import Tidemill

/// Jobs that each wait, as for a server's answer, so many at a time as there are workers: what beginning them costs, and
/// what a waiting one weighs.
func measureWaits(workers: Int, jobs: Int, wait: Duration) async throws -> String {
    let counts = WaitCounts()
    let sink = SumSink()
    let pipeline = try Pipeline(
        name: "waits",
        nodes: [
            integers(jobs),
            .stage("wait", StageSettings(workers: workers)) { job, context in
                counts.begin()
                try await context.worker.clock.sleep(for: wait)
                counts.end()
                return job.value
            },
            .sink("sum", sink),
        ]
    )
    let time = try await ContinuousClock().measure { try await pipeline.run() }
    guard sink.sum == sumOfIntegers(jobs), pipeline.snapshot().books.balance else {
        throw BenchmarkError(message: "jobs were lost: \(pipeline.snapshot().books)")
    }
    return try counts.figures("waits", workers: workers, jobs: jobs, time)
}

/// The same waits in as many plain tasks without a pipeline: the part of it that is Swift's.
func measureSleeps(workers: Int, jobs: Int, wait: Duration) async throws -> String {
    let counts = WaitCounts()
    let time = try await ContinuousClock().measure {
        // Not a group: to leave one takes as long as it has members.
        let tasks = (0..<workers).map { _ in
            Task {
                while counts.takeOne(of: jobs) {
                    counts.begin()
                    try await ContinuousClock().sleep(for: wait)
                    counts.end()
                }
            }
        }
        for task in tasks { try await task.value }
    }
    return try counts.figures("sleeps", workers: workers, jobs: jobs, time)
}

/// How many jobs wait now, how many did at most, and how many are done.
private final class WaitCounts: Sendable {
    private let waiting = Atomic<Int>(0)
    private let most = Atomic<Int>(0)
    private let done = Atomic<Int>(0)
    private let taken = Atomic<Int>(0)

    /// Whether there is another job to do, for tasks that share them out among themselves.
    func takeOne(of jobs: Int) -> Bool { taken.add(1, ordering: .relaxed).newValue <= jobs }

    func begin() { most.max(waiting.add(1, ordering: .relaxed).newValue, ordering: .relaxed) }

    func end() {
        waiting.subtract(1, ordering: .relaxed)
        done.add(1, ordering: .relaxed)
    }

    func figures(_ pattern: String, workers: Int, jobs: Int, _ time: Duration) throws -> String {
        let (most, done) = (most.load(ordering: .relaxed), done.load(ordering: .relaxed))
        guard done == jobs, most <= workers else {
            throw BenchmarkError(message: "\(done) jobs were done, \(most) of them at a time")
        }
        let seconds = time / .seconds(1)
        return """
            {"pattern":"\(pattern)","jobs":\(jobs),"workers":\(workers),"seconds":\(seconds),\
            "jobs_per_s":\(Double(jobs) / seconds),"most_waiting":\(most)}
            """
    }
}
