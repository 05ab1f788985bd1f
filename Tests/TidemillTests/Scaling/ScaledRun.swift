@testable import Tidemill

/// A simulated stage with an autoscaler, and what became of it.
struct ScaledRun {
    private(set) var stage: SimulatedStage
    private(set) var scaler: Autoscaler
    private(set) var time = 0.0
    /// All decisions that changed something.
    private(set) var changes: [(time: Double, decision: ScalingDecision)] = []
    private(set) var last: ScalingDecision?

    var workers: Int { scaler.workers }

    init(_ model: StageModel, _ policy: ScalingPolicy, seed: UInt64 = 1) {
        stage = SimulatedStage(model, seed: seed)
        scaler = Autoscaler(policy, cores: model.cores)
        stage.resize(scaler.workers)
    }

    /// Lets time pass; the most workers there were.
    @discardableResult mutating func run(seconds: Double, arrivals: Double?) -> Int {
        var most = workers
        for _ in 0..<Int(seconds * 4) {
            stage.run(seconds: 0.25, arrivals: arrivals)
            time += 0.25
            let decision = scaler.decide(stage.look())
            if decision.isChange { changes.append((time, decision)) }
            last = decision
            stage.resize(decision.workers)
            most = max(most, workers)
        }
        return most
    }

    /// The jobs done a second over a while, and how long one waited in the queue on average, in seconds.
    mutating func measure(seconds: Double, arrivals: Double?) -> (throughput: Double, wait: Double) {
        let before = stage
        run(seconds: seconds, arrivals: arrivals)
        let done = Double(max(stage.done - before.done, 1))
        return (done / seconds, (stage.waited - before.waited) / done)
    }

    /// The sizes that it was given after a moment.
    func sizes(since start: Double) -> [Int] {
        changes.filter { $0.time > start }.map(\.decision.workers)
    }
}

extension ScaledRun {
    /// The jobs a second that a fixed number of workers does of a source that always has one.
    static func throughput(_ model: StageModel, workers: Int) -> Double {
        var run = ScaledRun(model, ScalingPolicy(min: workers, max: workers))
        run.run(seconds: 1, arrivals: nil)
        return run.measure(seconds: 5, arrivals: nil).throughput
    }
}
