import Logging
import Synchronization
import Tidemill

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// How often each of 1,024 keys comes.
enum KeyShares: String, CaseIterable {
    /// All alike.
    case uniform
    /// By Zipf's law: the second half as often as the first, and so on.
    case zipf
}

/// Jobs of random length, 2 us in the middle, with keys, through a stage that keeps some order or none; the sink checks
/// the order of every job.
func runOrdered(_ order: JobOrder, _ shares: KeyShares, workers: Int, jobs: Int) async throws -> Duration {
    let work = KeyedWork(jobs, shares)
    let check = OrderCheck(order, work)
    let stage = PipelineNode.stage("work", StageSettings(workers: workers, order: order)) { value in
        guard case .integer(let number) = value, spin(steps: work.steps[Int(number)]) != 0 else { return nil }
        return value
    }
    let pipeline = try Pipeline(name: "order", nodes: [keyedIntegers(work.keys), stage, .sink("check", check)])
    let time = try await ContinuousClock().measure { try await pipeline.run() }
    try check.finish()
    return time
}

/// The same while one job in a hundred fails at first and is tried again, and the number of workers changes all the
/// time between 1 and 16; says how often.
func measureOrderUnderStress(_ order: JobOrder, _ shares: KeyShares, jobs: Int) async throws -> String {
    let work = KeyedWork(jobs, shares)
    let check = OrderCheck(order, work)
    var settings = StageSettings(workers: 8, order: order, ownThreads: true)
    settings.retry = RetryPolicy(initialInterval: .milliseconds(2), budgetPerSecond: 1_000_000)
    let stage = PipelineNode.stage("work", settings) { job, context in
        guard let number = job.value.integer, spin(steps: work.steps[Int(number)]) != 0 else { return nil }
        if context.attempt == 1, mixed(UInt64(number)) % 100 == 0 { throw JobFailure(.handler, "at first") }
        return job.value
    }
    var options = PipelineOptions()
    options.logger.logLevel = .warning
    let nodes = [keyedIntegers(work.keys), stage, .sink("check", check)]
    let pipeline = try Pipeline(name: "order", nodes: nodes, options: options)
    let resizing = Task {
        var count = 0
        while !Task.isCancelled {
            try? pipeline.resize("work", to: 1 + Int(mixed(UInt64(count)) % 16))
            count += 1
            // In real time, as the whole run is: some thousand changes of size while it lasts.
            try? await Task.sleep(for: .milliseconds(1))
        }
        return count
    }
    try await pipeline.run()
    resizing.cancel()
    try check.finish()
    let snapshot = pipeline.snapshot()
    guard snapshot.books.balance, snapshot.books[.delivered] == jobs else {
        throw BenchmarkError(message: "jobs were lost: \(snapshot.books)")
    }
    let retried = snapshot.nodes.reduce(0) { $0 + $1.retried }
    return """
        {"pattern":"order-stress","order":"\(order.rawValue)","jobs":\(jobs),"retried":\(retried),\
        "resized":\(await resizing.value)}
        """
}

/// How busy workers are that wait a millisecond in every job, where one key at a time may be worked on.
///
/// By Zipf's law the first of 1,024 keys has 13 % of the jobs, so that no more than 7.5 workers can ever be busy.
func measureUtilisation(_ dispatch: DispatchMode, _ shares: KeyShares, workers: Int, jobs: Int) async throws -> String {
    let work = KeyedWork(jobs, shares)
    let stage = PipelineNode.stage("work", StageSettings(workers: workers, dispatch: dispatch)) { job, context in
        try await context.worker.clock.sleep(for: .milliseconds(1))
        return job.value
    }
    let sink = SumSink()
    let pipeline = try Pipeline(name: "keys", nodes: [keyedIntegers(work.keys), stage, .sink("sum", sink)])
    let time = try await ContinuousClock().measure { try await pipeline.run() }
    guard sink.sum == sumOfIntegers(jobs) else { throw BenchmarkError(message: "jobs were lost") }
    let busy = pipeline.snapshot().nodes.first { $0.name == "work" }.map { $0.busyTime / time } ?? 0
    return """
        {"pattern":"keys","dispatch":"\(dispatch.rawValue)","jobs":\(jobs),"workers":\(workers),\
        "busy_workers":\(busy),"utilisation_percent":\(100 * busy / Double(workers))}
        """
}

/// What the jobs are, worked out before any time counts.
private final class KeyedWork: Sendable {
    static let keyCount = 1024

    let keys: [Int]
    let steps: [Int]

    init(_ jobs: Int, _ shares: KeyShares) {
        let pick = Self.picker(shares)
        keys = (0..<jobs).map { pick(fraction(UInt64(2 * $0 + 1))) }
        steps = (0..<jobs).map { Int(-log(fraction(UInt64(2 * $0 + 2))) * 2 * Double(stepsAMicrosecond)) }
    }

    private static func picker(_ shares: KeyShares) -> (Double) -> Int {
        if shares == .uniform { return { min(Int($0 * Double(keyCount)), keyCount - 1) } }
        var sums: [Double] = []
        for rank in 1...keyCount { sums.append((sums.last ?? 0) + 1 / Double(rank)) }
        let total = sums[keyCount - 1]
        return { share in
            var (low, high) = (0, keyCount - 1)
            while low < high {
                let middle = (low + high) / 2
                if sums[middle] < share * total { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }
}

/// Jobs of a number, with these keys.
private func keyedIntegers(_ keys: [Int]) -> PipelineNode {
    .source("keyed") { output in
        let texts = (0..<KeyedWork.keyCount).map { Bytes("key-\($0)") }
        var batch = JobBatch()
        for (number, key) in keys.enumerated() {
            batch.append(Job(.integer(Int64(number)), key: texts[key]))
            if batch.count == 256 { try await output.send(&batch) }
        }
        try await output.send(&batch)
    }
}

/// Sees that every job comes once, and in the order that was asked for.
private final class OrderCheck: Sink {
    private struct Seen {
        var count = 0
        var isThere: [Bool]
        var last: [Int]
        var problem: String?
    }

    private let order: JobOrder
    private let work: KeyedWork
    private let seen: Mutex<Seen>

    init(_ order: JobOrder, _ work: KeyedWork) {
        self.order = order
        self.work = work
        let none = Seen(
            isThere: Array(repeating: false, count: work.keys.count),
            last: Array(repeating: -1, count: KeyedWork.keyCount)
        )
        seen = Mutex(none)
    }

    func write(_ batch: borrowing SinkBatch) async throws {
        seen.withLock { seen in
            for index in 0..<batch.count {
                if case .integer(let number) = batch.value(at: index) { note(Int(number), &seen) }
            }
        }
    }

    private func note(_ number: Int, _ seen: inout Seen) {
        let key = work.keys[number]
        if seen.isThere[number] { seen.problem = "job \(number) came twice" }
        if order == .input, number != seen.count { seen.problem = "job \(number) came as number \(seen.count)" }
        if order != .none, number < seen.last[key] { seen.problem = "job \(number) came after \(seen.last[key])" }
        seen.isThere[number] = true
        seen.last[key] = number
        seen.count += 1
    }

    func finish() throws {
        let (count, problem) = seen.withLock { ($0.count, $0.problem) }
        if let problem { throw BenchmarkError(message: problem) }
        guard count == work.keys.count else { throw BenchmarkError(message: "only \(count) jobs came") }
    }
}
