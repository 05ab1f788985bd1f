import Tidemill
import TidemillTesting

/// A source that a seed wrote: batches, pauses, messages that can't be jobs, and an end of some sort.
///
/// Its jobs are numbers from which source and message can be told.
final class RandomSource: Source {
    /// How a source ends: more of these is one line each, here, in ``endings`` and in the initializer.
    enum Ending { case end, stayOpen, raise }

    static let endings: [(weight: Int, choice: Ending)] = [(7, .end), (3, .stayOpen), (1, .raise)]
    static let spacing: Int64 = 1_000_000

    /// What jobs that belong together have in common; a third of them belongs to nobody.
    static func key(of value: Value) -> Bytes? {
        value.integer.flatMap { $0 % 3 == 0 ? nil : Bytes("\(($0 / 3) % 3)") }
    }

    let name: String
    let ending: Ending
    let script: ScriptedSource
    let blocksItsThread: Bool
    /// How long its messages may take.
    let deadline: Duration?
    let onSiblingFailure: SiblingPolicy
    /// The contexts of those messages that have one.
    let contexts: [MessageContext]

    init(_ number: Int, _ random: inout SeededRandom) {
        name = "source\(number)"
        ending = random.pick(Self.endings)
        blocksItsThread = random.chance(0.2)
        var steps: [ScriptedSource.Step] = []
        var next = Int64(number) * Self.spacing
        var contexts: [MessageContext] = []
        let hasContexts = random.chance(0.3)
        deadline = random.chance(0.2) ? random.duration(upTo: .seconds(2)) : nil
        onSiblingFailure = random.chance(0.2) ? .cancel : .proceed
        for _ in 0..<random.pick([(1, 0), (4, 2), (4, 6), (3, 20)]) {
            switch random.pick([(6, 0), (3, 1), (1, 2), (hasContexts ? 6 : 0, 3)]) {
            case 0:
                let count = Int64(random.pick([(3, 1), (2, 4), (1, 20)]))
                steps.append(.sendAll((next..<next + count).map { Job(.integer($0)) }))
                next += count
            case 1:
                steps.append(.pause(random.nap()))
            case 3:
                let life = random.chance(0.5) ? random.duration(upTo: .seconds(1)) : nil
                let context = MessageContext(timeToLive: life)
                contexts.append(context)
                steps.append(.sendInContext(Job(.integer(next)), context))
                next += 1
            default:
                steps.append(.fail(Job(.integer(next)), JobFailure(.input, "it can't be read")))
                next += 1
            }
        }
        self.contexts = contexts
        switch ending {
        case .end: break
        case .stayOpen: steps.append(.untilStopped)
        case .raise: steps.append(.raise(ScriptedError("\(name) breaks")))
        }
        script = ScriptedSource(steps, takesJobsBack: random.chance(0.5))
    }

    var node: PipelineNode {
        var node = PipelineNode.source(name, self)
        node.deadline = deadline
        node.onSiblingFailure = onSiblingFailure
        return node
    }

    var takesJobsBack: Bool { script.takesJobsBack }

    func run(_ output: SourceOutput) async throws { try await script.run(output) }

    func close(_ output: SourceOutput) async throws { try await script.close(output) }
}
