import Foundation
import TidemillTesting

@testable import Tidemill

/// What the jobs of a simulated stage are like, and what is round it.
struct StageModel {
    /// How long a job computes and waits, in seconds.
    var computing = 0.0
    var waiting = 0.0
    /// Whether those are means of random times (exponential) and jobs come at random (Poisson).
    var isRandom = false
    var cores = 2
    var capacity = 1_024
    /// How many jobs a second the next node takes, and how many fit in front of it; nil for all.
    var downstream: Double?
    var downstreamCapacity = 16
    /// How many jobs a second the stage may start; nil for all.
    var rateLimit: Double?
    /// How many threads of other stages always compute.
    var rivals = 0
    /// How far off measured times may be: 0.3 for up to 30 %.
    var noise = 0.0
    /// Whether the stage's processor time is known.
    var knowsProcessorTime = true
}

/// A stage in virtual time, which goes in steps of a millisecond; workers share the cores equally.
struct SimulatedStage {
    private enum Activity {
        case free, working(computing: Double, waiting: Double), blocked

        var isFree: Bool { if case .free = self { true } else { false } }
    }

    private static let step = 0.001

    private let model: StageModel
    private var random: SeededRandom
    private var workers: [Activity] = []
    private var target = 1
    private var downstream = 0.0
    private var permits = 0.0
    private var offered = 0.0
    private var measured = (done: 0, busy: 0.0, blocked: 0.0, cpu: 0.0, limited: false)

    private(set) var queued = 0
    /// Jobs that came while the queue was full.
    private(set) var heldBack = 0.0
    private(set) var done = 0
    /// How long jobs have waited in the queue, all together, in seconds.
    private(set) var waited = 0.0

    init(_ model: StageModel, seed: UInt64 = 1) {
        self.model = model
        // The rows of seeds that follow each other are one row, a number apart; those of their first numbers aren't.
        var seeds = SeededRandom(seed: seed)
        random = SeededRandom(seed: seeds.next())
    }

    /// Sets the number of workers; those that are too many end when their job is done.
    mutating func resize(_ count: Int) {
        target = count
        while workers.count < count { workers.append(.free) }
    }

    /// Lets time pass, with so many jobs coming a second; nil for a source that always has one.
    mutating func run(seconds: Double, arrivals: Double?) {
        for _ in 0..<Int((seconds / Self.step).rounded()) {
            arrive(arrivals)
            makeRoom()
            work()
        }
    }

    /// What was measured since the last look, which is a quarter of a second ago.
    mutating func look(elapsed: Double = 0.25) -> StageLoad {
        defer { measured = (0, 0, 0, 0, false) }
        return StageLoad(
            elapsed: .seconds(elapsed),
            workers: workers.count,
            done: measured.done,
            busy: .seconds(noisy(measured.busy)),
            blocked: .seconds(measured.blocked),
            cpu: model.knowsProcessorTime ? .seconds(noisy(measured.cpu)) : nil,
            processCPU: model.rivals > 0 ? .seconds(elapsed * Double(min(model.cores, model.rivals))) : nil,
            queued: queued,
            capacity: model.capacity,
            limited: measured.limited
        )
    }

    private mutating func noisy(_ value: Double) -> Double {
        model.noise == 0 ? value : value * Double.random(in: 1 - model.noise...1 + model.noise, using: &random)
    }

    private mutating func arrive(_ rate: Double?) {
        guard let rate else {
            queued = model.capacity
            return
        }
        heldBack += model.isRandom ? Double(poisson(rate * Self.step)) : whole(&offered, adding: rate * Self.step)
        let room = min(heldBack.rounded(.down), Double(model.capacity - queued))
        queued += Int(room)
        heldBack -= room
    }

    private mutating func makeRoom() {
        if let rate = model.downstream { downstream = max(downstream - rate * Self.step, 0) }
        if let limit = model.rateLimit { permits = min(permits + limit * Self.step, 1) }
    }

    private mutating func work() {
        var runnable = 0
        for index in workers.indices {
            if case .blocked = workers[index] { workers[index] = handOn() }
            if case .free = workers[index] { workers[index] = take() }
            if case .working(let computing, _) = workers[index], computing > 0 { runnable += 1 }
        }
        let speed = min(1, Double(model.cores) / Double(max(runnable + model.rivals, 1)))
        for index in workers.indices { advance(index, speed) }
        while workers.count > target, let free = workers.lastIndex(where: \.isFree) { workers.remove(at: free) }
        waited += Double(queued) * Self.step
    }

    private mutating func advance(_ index: Int, _ speed: Double) {
        switch workers[index] {
        case .free: return
        case .blocked: measured.blocked += Self.step
        case .working(let computing, let waiting):
            measured.busy += Self.step
            let computed = min(computing, Self.step * speed)
            let waited = computing > 0 ? 0 : min(waiting, Self.step)
            measured.cpu += computed
            let left = (computing - computed, waiting - waited)
            let isDone = left.0 < 1e-9 && left.1 < 1e-9
            workers[index] = isDone ? handOn() : .working(computing: left.0, waiting: left.1)
        }
    }

    private mutating func take() -> Activity {
        guard workers.count <= target, queued > 0 else { return .free }
        if model.rateLimit != nil {
            guard permits >= 1 else {
                measured.limited = true
                return .free
            }
            permits -= 1
        }
        queued -= 1
        return .working(computing: service(model.computing), waiting: service(model.waiting))
    }

    private mutating func handOn() -> Activity {
        if model.downstream != nil {
            guard downstream + 1 <= Double(model.downstreamCapacity) else { return .blocked }
            downstream += 1
        }
        done += 1
        measured.done += 1
        return .free
    }

    // MARK: Random numbers

    private mutating func service(_ mean: Double) -> Double {
        guard model.isRandom, mean > 0 else { return mean }
        return -mean * log(1 - Double.random(in: 0..<1, using: &random))
    }

    private mutating func poisson(_ mean: Double) -> Int {
        var count = 0
        var passed = -log(1 - Double.random(in: 0..<1, using: &random))
        while passed < mean {
            count += 1
            passed -= log(1 - Double.random(in: 0..<1, using: &random))
        }
        return count
    }

    private func whole(_ sum: inout Double, adding part: Double) -> Double {
        sum += part
        let whole = sum.rounded(.down)
        sum -= whole
        return whole
    }
}
