import Synchronization
import Tidemill

/// How long short jobs wait for a worker while one job in a hundred is long.
///
/// Jobs come at a steady rate in small bursts, whatever the workers do, and the time counts from the burst's arrival to
/// the handler's start.
func measureQueueWait(
    _ dispatch: DispatchMode,
    _ long: LongJobs,
    workers: Int,
    jobs: Int,
    rate: Int
) async throws -> String {
    let waits = Waits()
    let settings = StageSettings(workers: workers, dispatch: dispatch, ownThreads: true)
    let sink = SumSink()
    var stage = PipelineNode.stage("work", settings) { _ in ShortAndLong(waits, long) }
    stage.channel = ChannelLimits(capacity: 256)
    let pipeline = try Pipeline(name: "idle", nodes: [bursts(jobs, rate: rate), stage, .sink("sum", sink)])
    try await pipeline.run()
    let sorted = waits.times.withLock { $0 }.sorted()
    let longJobs = (0..<jobs).count(where: MixedWork.isLong)
    guard sink.sum == sumOfIntegers(jobs), sorted.count == jobs - longJobs else {
        throw BenchmarkError(message: "jobs were lost: \(pipeline.snapshot().books)")
    }
    let figures = [("p50", 0.5), ("p99", 0.99), ("max", 1)].map { name, share in
        "\"\(name)_us\":\(sorted[Int(share * Double(sorted.count - 1))] / .microseconds(1))"
    }
    return """
        {"pattern":"idle","dispatch":"\(dispatch.rawValue)","jobs":\(jobs),"workers":\(workers),"long":\(longJobs),\
        \(figures.joined(separator: ","))}
        """
}

/// What long jobs do with their time.
enum LongJobs: String, CaseIterable {
    case compute, wait
}

/// One job in a hundred takes about 5 ms, the others 5 to 20 us.
private enum MixedWork {
    static func isLong(_ number: Int) -> Bool { mixed(UInt64(number) + 1) % 100 == 0 }

    static func microseconds(_ number: Int) -> Int {
        isLong(number) ? 5_000 : 5 + Int(mixed(UInt64(number) + 1) / 100 % 16)
    }
}

/// Jobs of a number and the time of their arrival, in bursts; one is late only if there was no room for the last.
private func bursts(_ count: Int, rate: Int) -> PipelineNode {
    .source("bursts") { output in
        let size = 16
        let start = output.clock.now
        var batch = JobBatch()
        for first in stride(from: 0, to: count, by: size) {
            let due = start + .seconds(Double(first) / Double(rate))
            let left = due - output.clock.now
            if left > .zero { try await output.clock.sleep(for: left) }
            let now = Int64(output.clock.now.nanoseconds)
            for number in first..<min(first + size, count) {
                batch.append(.array([.integer(Int64(number)), .integer(now)]))
            }
            try await output.send(&batch)
        }
    }
}

private final class Waits: Sendable {
    let times = Mutex<[Duration]>([])
}

/// A worker's handler: does the job, and notes how long a short one had waited.
private final class ShortAndLong: Handler {
    private let waits: Waits
    private let long: LongJobs
    private var times: [Duration] = []

    init(_ waits: Waits, _ long: LongJobs) {
        self.waits = waits
        self.long = long
    }

    func handle(_ job: Job, _ context: JobContext) async throws -> Value? {
        let start = context.worker.clock.now
        guard let number = job.value[0]?.integer, let arrival = job.value[1]?.integer else {
            throw JobFailure(.input, "not a number and a time")
        }
        if !MixedWork.isLong(Int(number)) { times.append(start - .nanoseconds(arrival)) }
        if long == .wait, MixedWork.isLong(Int(number)) {
            try await context.worker.clock.sleep(for: .microseconds(MixedWork.microseconds(Int(number))))
            return .integer(number)
        }
        guard spin(steps: MixedWork.microseconds(Int(number)) * stepsAMicrosecond) != 0 else { return nil }
        return .integer(number)
    }

    func close() async { waits.times.withLock { $0 += times } }
}
