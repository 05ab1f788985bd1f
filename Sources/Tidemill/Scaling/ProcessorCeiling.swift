/// How many workers can be of use before the processors are the limit: cores × (1 + waiting / computing).
///
/// With too many workers each waits for a core, which looks like any other wait and would justify still more of them.
/// What a handler computes of its time is therefore learned quickly when it is much, and forgotten only while
/// more than half of the cores are free, whoever uses the others.
struct ProcessorCeiling {
    private static let memory = 2.0  // seconds

    let cores: Int
    /// The share of its time that a handler computes, when it does not wait for a core; nil while unknown.
    private(set) var share: Double?

    init(cores: Int) { self.cores = max(cores, 1) }

    /// The most workers that are of use; one more than the formula says, so that a core is never without one.
    var workers: Int {
        guard let share else { return .max }
        return Int(Double(cores) / max(share, 1e-6)) + 1
    }

    mutating func add(_ estimate: LoadEstimate, elapsed: Duration) {
        guard let used = estimate.cores, estimate.busy > 0.01 else { return }
        let sample = min(used / estimate.busy, 1)
        guard let known = share, sample < known else { return share = sample }
        let free = max(1 - 2 * estimate.coresInUse / Double(cores), 0)
        let seconds = elapsed / .seconds(1)
        share = known + (sample - known) * free * seconds / (seconds + Self.memory)
    }
}
