public import Tidemill
import TidemillValue

/// Makes values for a ``GenerateSource``, one after the other; it belongs to the source's task.
public protocol ValueGenerator {
    /// The value of the job at `index`, counted from 0. The same numbers must give the same value.
    func value(at index: Int, _ random: inout GeneratorRandom) async throws -> Value

    /// Called once, after the last value.
    func close() async
}

extension ValueGenerator {
    /// Nothing to close.
    public func close() async {}
}

/// Makes jobs up, for tests, examples and measurements: as many as are asked for, as fast as there is room or at a
/// rate.
///
/// The same seed gives the same jobs for ever.
public struct GenerateSource: Source {
    private enum Maker: Sendable {
        case template(GeneratorTemplate)
        case generator(@Sendable () async throws -> any ValueGenerator)
    }

    private let count: Int?
    private let rate: Double?
    private let seed: UInt64
    private let maker: Maker

    /// It may go on without ever waiting.
    public var blocksItsThread: Bool { true }

    /// A source of `count` jobs, or of jobs without end, of which at most `rate` are made in a second.
    public init(count: Int? = nil, rate: Double? = nil, seed: UInt64 = 0, template: GeneratorTemplate) {
        self.count = count
        self.rate = rate
        self.seed = seed
        maker = .template(template)
    }

    /// A source whose values a closure makes of the job's index and its random numbers.
    public init(
        count: Int? = nil,
        rate: Double? = nil,
        seed: UInt64 = 0,
        make: @escaping @Sendable (_ index: Int, _ random: inout GeneratorRandom) async throws -> Value
    ) {
        self.init(count: count, rate: rate, seed: seed, makeGenerator: { ClosureGenerator(make: make) })
    }

    /// A source whose values a generator makes, which is made itself, on the source's thread, when the source starts.
    public init(
        count: Int? = nil,
        rate: Double? = nil,
        seed: UInt64 = 0,
        makeGenerator: @escaping @Sendable () async throws -> any ValueGenerator
    ) {
        self.count = count
        self.rate = rate
        self.seed = seed
        maker = .generator(makeGenerator)
    }

    /// Sends the jobs.
    public func run(_ output: SourceOutput) async throws {
        switch maker {
        case .template(let template):
            var rendering = TemplateRendering(template, seed: seed)
            try await paced(output) { rendering.render($0, to: &$1) }
        case .generator(let make):
            let generator = try await make()
            do {
                try await paced(output) { range, batch in
                    for index in range {
                        var random = GeneratorRandom(seed: seed, index: index)
                        batch.append(try await generator.value(at: index, &random))
                    }
                }
            } catch {
                await generator.close()
                throw error
            }
            await generator.close()
        }
    }

    private func paced(_ output: SourceOutput, _ fill: (Range<Int>, inout JobBatch) async throws -> Void) async throws {
        var pace = rate.map { Pace(rate: $0, start: output.clock.now) }
        var batch = JobBatch()
        var sent = 0
        while sent < count ?? .max {
            try Task.checkCancellation()
            var due = min(512, (count ?? .max) - sent)
            if let allowed = pace?.due(after: sent, at: output.clock.now) {
                if allowed == 0, let wait = pace?.wait(after: sent, at: output.clock.now) {
                    try await output.clock.sleep(for: wait)
                    continue
                }
                due = min(due, allowed)
            }
            try await fill(sent..<sent + due, &batch)
            sent += due
            try await output.send(&batch)
            output.report(done: Int64(sent), of: count.map(Int64.init))
        }
    }
}

/// Says how many jobs of a rate are due.
struct Pace {
    let rate: Double
    private(set) var start: Duration

    init(rate: Double, start: Duration) {
        self.rate = rate
        self.start = start
    }

    /// How many jobs may follow the `sent` ones now.
    ///
    /// What was missed more than a second ago is not made up for.
    mutating func due(after sent: Int, at now: Duration) -> Int {
        if (now - start) / .seconds(1) - Double(sent) / rate > 1 { start = now - .seconds(Double(sent) / rate) }
        return max(0, Int((now - start) / .seconds(1) * rate) + 1 - sent)
    }

    /// How long it is to the next job, but no shorter than 10 ms where a few of them can go together.
    func wait(after sent: Int, at now: Duration) -> Duration {
        max(start + .seconds(Double(sent) / rate) - now, rate > 100 ? .milliseconds(10) : .microseconds(1))
    }
}

private struct ClosureGenerator: ValueGenerator {
    let make: @Sendable (Int, inout GeneratorRandom) async throws -> Value

    func value(at index: Int, _ random: inout GeneratorRandom) async throws -> Value { try await make(index, &random) }
}
