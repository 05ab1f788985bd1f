/// The rates of a stage, smoothed over about a second so that a single look means little.
struct LoadEstimate {
    private static let memory = 1.0  // seconds
    /// Less than this, in jobs a second, is none: what is left of old ones is no measure.
    private static let least = 1e-3

    /// Jobs finished a second.
    private(set) var throughput = 0.0
    /// Jobs that came a second; fewer than would have come, while the queue is full.
    private(set) var arrivals = 0.0
    /// How many workers are on a job, on average.
    private(set) var busy = 0.0
    /// How many processor cores they keep busy, on average; nil where nobody knows.
    private(set) var cores: Double?
    /// How many cores the process keeps busy, as far as it is known.
    private(set) var coresInUse = 0.0

    private var queued = 0
    private var isEmpty = true

    /// The time that a job takes, in seconds; nil if none was done lately.
    var serviceTime: Double? { throughput > Self.least ? busy / throughput : nil }

    /// How many workers the jobs that come would keep busy, by Little's law.
    var offeredLoad: Double { arrivals * (serviceTime ?? 0) }

    /// How long a job waits that comes now, in seconds, by Little's law; nil if jobs wait and none was done lately.
    func wait(queued: Int) -> Double? {
        if queued == 0 { return 0 }
        return throughput > Self.least ? Double(queued) / throughput : nil
    }

    mutating func add(_ load: StageLoad) {
        let seconds = load.elapsed / .seconds(1)
        let done = Double(load.done) / seconds
        let weight = isEmpty ? 1 : seconds / (seconds + Self.memory)
        throughput += (done - throughput) * weight
        arrivals += (max(done + Double(load.queued - queued) / seconds, 0) - arrivals) * weight
        busy += (load.busy / load.elapsed - busy) * weight
        if let cpu = load.cpu {
            let sample = cpu / load.elapsed
            let known = cores ?? sample
            cores = known + (sample - known) * weight
            coresInUse += (max(sample, (load.processCPU ?? .zero) / load.elapsed) - coresInUse) * weight
        }
        queued = load.queued
        isEmpty = false
    }
}
