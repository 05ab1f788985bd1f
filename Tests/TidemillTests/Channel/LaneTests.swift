import Testing
import TidemillTesting

@testable import Tidemill

/// Channels that keep elements of a key apart, under every sequence of steps up to a depth and long random ones.
@Suite struct LaneTests {
    private static let limits: [ChannelLimits] = Overflow.allCases.flatMap { overflow in
        [1, 3, 16].flatMap { capacity in
            [nil, 5].map { ChannelLimits(capacity: capacity, bytes: $0, overflow: overflow) }
        }
    }

    static let cases: [LaneCase] = limits.flatMap { limits in
        [
            LaneCase(isExclusive: true, limits: limits), LaneCase(isExclusive: true, isOrdered: true, limits: limits),
            LaneCase(most: 1, limits: limits), LaneCase(most: 2, limits: limits), LaneCase(limits: limits),
            LaneCase(hasLanes: false, limits: limits),
        ]
            + (limits.overflow == .dropOldest
                ? []
                : [
                    LaneCase(most: 2, limits: limits, hasHorizon: true),
                    LaneCase(isExclusive: true, limits: limits, hasHorizon: true),
                    LaneCase(hasLanes: false, limits: limits, hasHorizon: true),
                ])
    }

    private static let steps: [LaneStep] = [
        .send(0, [1, 1, 2]), .send(0, [nil]), .trySend(1, [1, nil]), .receive(10, limit: 1), .receive(11, limit: 9),
        .handle(10), .handle(11), .fail(10), .fail(11), .giveBack(0), .cancelWaiter(0), .dismiss(1), .hold(true),
    ]

    @Test(arguments: cases.filter { $0.limits.capacity == 1 && $0.limits.bytes == nil })
    func everySequence(rules: LaneCase) {
        var path: [LaneStep] = []
        explore(rules, &path, depth: 4)
    }

    /// Takes every sequence that begins with `path`, from the start: a state can't be copied.
    private func explore(_ rules: LaneCase, _ path: inout [LaneStep], depth: Int) {
        for step in Self.steps {
            var scenario = LaneScenario(rules)
            for step in path { _ = scenario.take(step) }
            guard scenario.allows(step) else { continue }
            path.append(step)
            defer { path.removeLast() }
            if let problem = scenario.take(step) ?? scenario.drained() {
                Issue.record("\(rules): \(path): \(problem)")
                continue
            }
            if path.count < depth { explore(rules, &path, depth: depth) }
        }
    }

    @Test(arguments: cases) func longRandomSequences(rules: LaneCase) {
        for seed in 0..<25 {
            var random = SeededRandom(seed: seed)
            var scenario = LaneScenario(rules)
            var path: [LaneStep] = []
            for _ in 0..<150 {
                let step = Self.randomStep(rules, &random)
                guard scenario.allows(step) else { continue }
                path.append(step)
                guard let problem = scenario.take(step) else { continue }
                Issue.record("seed \(seed), \(rules): \(path): \(problem)")
                return
            }
            if let problem = scenario.drained() { Issue.record("seed \(seed), \(rules): \(path): \(problem)") }
        }
    }

    private static func randomStep(_ rules: LaneCase, _ random: inout SeededRandom) -> LaneStep {
        let (sender, receiver) = (Int.random(in: 0..<3, using: &random), Int.random(in: 10..<14, using: &random))
        let key: UInt64? = random.pick([(3, 1), (2, 2), (1, 3), (1, nil)])
        let place = Int.random(in: 0..<3, using: &random)
        // Whoever gives batches to be put in order takes one element at a time.
        let limit = rules.hasLanes && rules.hasHorizon ? 1 : Int.random(in: 1...6, using: &random)
        let keys = (0..<Int.random(in: 1...5, using: &random)).map { _ -> UInt64? in
            random.pick([(3, 1), (2, 2), (1, 3), (1, nil)])
        }
        return random.pick([
            (12, .send(sender, keys)), (5, .trySend(sender, keys)), (14, .receive(receiver, limit: limit)),
            (6, .tryReceive(receiver, limit: limit)),
            (rules.hasHorizon ? 0 : 4, .receiveMore(receiver, limit: limit)), (20, .handle(receiver)),
            (6, .fail(receiver)), (2, .abandon(receiver)), (8, .giveBack(place)), (2, .forget(place)),
            (2, .hold(random.chance(0.4))), (3, .gate(random.pick([(1, 0), (1, 1), (1, 2), (4, .max)]))),
            (8, .moveHorizon(place)), (4, .close(key, milliseconds: 1 + 3 * place)), (6, .advance(milliseconds: 2)),
            (2, .dismiss(place)), (2, .recall(place)), (3, .cancelWaiter(sender)), (4, .cancelWaiter(receiver)),
            (random.chance(0.2) ? 1 : 0, .finish), (random.chance(0.1) ? 1 : 0, .cancel),
        ])
    }
}
