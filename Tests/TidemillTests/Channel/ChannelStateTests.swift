import Testing
import TidemillTesting

@testable import Tidemill

/// The channel's rules against a model of them: every sequence of steps up to a depth, and long random ones.
@Suite struct ChannelStateTests {
    static let allLimits: [ChannelLimits] = Overflow.allCases.flatMap { overflow in
        [0, 1, 2, 3].flatMap { capacity in
            [nil, 4].map { ChannelLimits(capacity: capacity, bytes: $0, overflow: overflow) }
        }
    }

    private static let steps: [ChannelStep] = [
        .send(0, count: 1), .send(0, count: 3), .send(1, count: 2), .trySend(1, count: 2),
        .receive(10, limit: 1), .receive(11, limit: 4), .tryReceive(11, limit: 2),
        .cancelWaiter(0), .cancelWaiter(10), .finish, .cancel,
    ]

    @Test(arguments: allLimits) func everySequence(limits: ChannelLimits) {
        var path: [ChannelStep] = []
        let depth = limits.overflow == .block && limits.bytes == nil ? 5 : 4
        explore(limits, &path, depth: depth)
    }

    /// Takes every sequence that begins with `path`, from the start: a state can't be copied.
    private func explore(_ limits: ChannelLimits, _ path: inout [ChannelStep], depth: Int) {
        for step in Self.steps {
            var scenario = ChannelScenario(limits: limits)
            for step in path { _ = scenario.take(step, compared: false) }
            guard scenario.allows(step) else { continue }
            path.append(step)
            defer { path.removeLast() }
            if let problem = scenario.take(step) ?? scenario.drained() {
                Issue.record("\(limits): \(path): \(problem)")
                continue
            }
            if path.count < depth { explore(limits, &path, depth: depth) }
        }
    }

    @Test(arguments: allLimits) func longRandomSequences(limits: ChannelLimits) {
        for seed in 0..<150 {
            var random = SeededRandom(seed: seed)
            var scenario = ChannelScenario(limits: limits)
            var path: [ChannelStep] = []
            for _ in 0..<80 {
                let step = Self.randomStep(&random)
                guard scenario.allows(step) else { continue }
                path.append(step)
                guard let problem = scenario.take(step) else { continue }
                Issue.record("seed \(seed), \(limits): \(path): \(problem)")
                return
            }
            if let problem = scenario.drained() { Issue.record("seed \(seed), \(limits): \(path): \(problem)") }
        }
    }

    private static func randomStep(_ random: inout SeededRandom) -> ChannelStep {
        let (sender, receiver) = (Int.random(in: 0..<3, using: &random), Int.random(in: 10..<13, using: &random))
        let count = Int.random(in: 1...5, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<28: return .send(sender, count: count)
        case 28..<36: return .trySend(sender, count: count)
        case 36..<40: return .send(sender, count: 0)
        case 40..<60: return .receive(receiver, limit: count)
        case 60..<70: return .tryReceive(receiver, limit: count)
        case 70..<80: return .receiveMore(receiver, limit: count)
        case 80..<89: return .cancelWaiter(sender)
        case 89..<98: return .cancelWaiter(receiver)
        case 98: return .finish
        default: return .cancel
        }
    }

    @Test func aReceiverThatWaitsWithAFullBatchIsNumberedRight() {
        var scenario = ChannelScenario(limits: ChannelLimits(capacity: 2))
        for step: ChannelStep in [
            .send(0, count: 1), .receive(10, limit: 1), .receiveMore(10, limit: 2), .send(0, count: 2),
            .receive(11, limit: 1), .send(1, count: 1),
        ] {
            #expect(scenario.take(step) == nil)
        }
    }
}
