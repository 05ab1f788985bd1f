import Tidemill
import TidemillTesting

/// A change of the number of a stage's workers, and when it comes.
struct RandomResizing: Sendable {
    /// More of these is one line each, here, in the initializer and in ``make(_:_:)``.
    enum Change: Hashable { case add, remove, resize(Int) }

    let change: Change
    let time: Duration

    init(_ random: inout SeededRandom) {
        let size = random.pick([(2, 1), (2, 2), (1, 3), (1, 9)])
        change = random.pick([(3, .add), (3, .remove), (2, .resize(size))])
        time = random.duration(upTo: .seconds(1))
    }

    /// Changes the stage, where the pipeline still runs.
    func make(_ pipeline: Pipeline, _ stage: String) {
        switch change {
        case .add: try? pipeline.addWorker(to: stage)
        case .remove: try? pipeline.removeWorker(from: stage)
        case .resize(let size): try? pipeline.resize(stage, to: size)
        }
    }
}
