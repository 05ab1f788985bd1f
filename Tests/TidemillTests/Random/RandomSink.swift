import Tidemill
import TidemillTesting

/// A sink that is slow, refuses jobs or breaks, as a seed says.
final class RandomSink: Sink {
    /// How a sink may break: more of these is one line each, here and in the methods.
    enum Flaw { case none, cannotOpen, cannotWrite, cannotClose }

    static let flaws: [(weight: Int, choice: Flaw)] = [
        (60, .none), (1, .cannotOpen), (2, .cannotWrite), (1, .cannotClose),
    ]

    let name: String
    let inputs: [String]?
    let flaw: Flaw
    let refusals: Double
    let kept: CollectingSink
    private let clock: any PipelineClock
    private let slowness: Double
    private let draws: Draws

    init(_ name: String, inputs: [String]?, isQuick: Bool, _ clock: any PipelineClock, _ random: inout SeededRandom) {
        self.name = name
        self.inputs = inputs
        self.clock = clock
        flaw = random.pick(Self.flaws)
        slowness = isQuick ? 0 : random.pick([(2, 0), (1, 0.1), (1, 0.9)])
        let refusals = random.pick([(3, 0), (1, 0.1)])
        self.refusals = refusals
        let draws = Draws(&random)
        self.draws = draws
        kept = CollectingSink(
            failingWrite: flaw == .cannotWrite ? Int.random(in: 1...5, using: &random) : nil,
            check: { _ in draws.draw { $0.chance(refusals) } ? JobFailure(.sink, "it is refused") : nil }
        )
    }

    var node: PipelineNode { .sink(name, inputs: inputs, self) }

    func open() async throws {
        try await sometimesSleep()
        if flaw == .cannotOpen { throw ScriptedError("\(name) can't be opened") }
        try await kept.open()
    }

    func write(_ batch: borrowing SinkBatch) async throws {
        try await sometimesSleep()
        try await kept.write(batch)
    }

    func close() async throws {
        try await kept.close()
        if flaw == .cannotClose { throw ScriptedError("\(name) can't be closed") }
    }

    private func sometimesSleep() async throws {
        let isSlow = draws.draw { [slowness] in $0.chance(slowness) }
        if isSlow { try await clock.sleep(for: draws.draw { $0.nap() }) }
    }
}
