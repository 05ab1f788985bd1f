import Synchronization
import Testing
import Tidemill
import TidemillTesting

/// Many jobs of many keys on real threads, while the number of workers changes all the time.
@Suite(.timeLimit(.minutes(10))) struct KeyedLoadTests {
    private static let count = 5_000
    private static let keys = 1_024

    /// How often each key is at work, and which of its rules were broken.
    private final class Watch: Sendable {
        private let atWork: [Atomic<Int>.Box] = (0..<keys).map { _ in Atomic<Int>.Box() }
        private let most: Int
        let broken = Atomic<Int>(0)

        init(most: Int) { self.most = most }

        func begin(_ key: Int) {
            let count = atWork[key].value.add(1, ordering: .relaxed).newValue
            if count > most { broken.add(1, ordering: .relaxed) }
        }

        func end(_ key: Int) { atWork[key].value.subtract(1, ordering: .relaxed) }
    }

    private static func settings(_ dispatch: DispatchMode, _ order: JobOrder, ownThreads: Bool) -> StageSettings {
        var settings = StageSettings(workers: 4, dispatch: dispatch, order: order, ownThreads: ownThreads)
        settings.retry = RetryPolicy(
            maxAttempts: 3,
            initialInterval: .milliseconds(1),
            maxInterval: .milliseconds(2),
            budgetPerSecond: 1_000_000
        )
        if dispatch == .idle { settings.maxPerKey = 2 }
        return settings
    }

    @Test(arguments: DispatchMode.allCases, JobOrder.allCases)
    func nothingIsLostOrOutOfOrder(dispatch: DispatchMode, order: JobOrder) async throws {
        for ownThreads in [false, true] {
            let settings = Self.settings(dispatch, order, ownThreads: ownThreads)
            let isExclusive = dispatch == .key || order == .key
            let watch = Watch(most: isExclusive ? 1 : settings.maxPerKey ?? .max)
            let collected = Atomic<Int>(0)
            let sink = CollectingSink { _ in
                collected.add(1, ordering: .relaxed)
                return nil
            }
            let report = try await runPipeline([
                .source("in", Self.source()), Self.stage(settings, watch), .sink("out", sink),
            ]) { pipeline in
                var random = SeededRandom(seed: 1)
                while collected.load(ordering: .relaxed) < Self.count {
                    // Before the start and at the very end it says that it does not run.
                    try? pipeline.resize("work", to: Int.random(in: 1...8, using: &random))
                    for _ in 0..<20 { await Task.yield() }
                }
            }
            #expect(report.failure == nil && report.books[.delivered] == Self.count)
            #expect(report.node("work")?.retried ?? 0 > 0)
            #expect(watch.broken.load(ordering: .relaxed) == 0)
            Self.check(sink.integers, order)
        }
    }

    private static func source() -> ScriptedSource {
        let jobs = (0..<count).map { number -> Job in
            // A few keys have many of the jobs.
            let key = number % 3 == 0 ? number % 7 : (number &* 7_919) % keys
            return Job(.integer(Int64(number * keys + key)), key: Bytes("\(key)"))
        }
        return ScriptedSource(
            stride(from: 0, to: count, by: 64).map { .sendAll(Array(jobs[$0..<min($0 + 64, count)])) }
        )
    }

    private static func stage(_ settings: StageSettings, _ watch: Watch) -> PipelineNode {
        .stage("work", settings) { job, context in
            let number = Int(job.value.integer ?? 0)
            watch.begin(number % keys)
            defer { watch.end(number % keys) }
            var random = SeededRandom(seed: number)
            for _ in 0..<Int.random(in: 0..<4, using: &random) { await Task.yield() }
            if context.attempt == 1, random.chance(0.05) { throw ScriptedError("not yet") }
            return job.value
        }
    }

    private static func check(_ values: [Int64], _ order: JobOrder) {
        #expect(Set(values).count == count)
        switch order {
        case .none: break
        case .input: #expect(values == values.sorted())
        case .key:
            for (key, values) in Dictionary(grouping: values, by: { $0 % Int64(keys) }) {
                #expect(values == values.sorted(), "key \(key)")
            }
        }
    }
}

extension Atomic where Value == Int {
    /// An atomic that an array can hold.
    fileprivate final class Box: Sendable {
        let value = Atomic<Int>(0)
    }
}
