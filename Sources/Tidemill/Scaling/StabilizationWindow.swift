/// The highest of the sizes that were recommended lately: only what has been too much all that time is given up.
///
/// When a stage has to grow soon after it shrank, that was too early, and the window becomes twice as long, up to
/// sixteen times: a load that comes and goes is met once or twice by too few workers, but not for ever.
struct StabilizationWindow {
    private static let longest = 16

    private let shortest: Duration
    /// How long a size must have been too much.
    private(set) var length: Duration

    private var time = Duration.zero
    private var recommended: [(time: Duration, workers: Int)] = []
    private var grown: Duration?
    private var shrunk: Duration?

    init(length: Duration) {
        shortest = length
        self.length = length
    }

    /// Notes a size that is wanted for another reason than a look at the load.
    mutating func note(_ workers: Int) { recommended.append((time, workers)) }

    /// Notes a size; the highest one within the window, or nil while that is not yet full.
    mutating func add(_ workers: Int, elapsed: Duration) -> Int? {
        time += elapsed
        recommended.append((time, workers))
        recommended.removeAll { $0.time < time - length }
        return time > length ? recommended.map(\.workers).max() : nil
    }

    /// The stage grows now.
    mutating func grow() {
        grown = time
        guard let shrunk, time - shrunk < length * 2 else { return }
        length = min(length * 2, shortest * Self.longest)
        self.shrunk = nil
    }

    /// The stage shrinks now.
    mutating func shrink() {
        shrunk = time
        if let grown, time - grown > shortest * (2 * Self.longest) { length = shortest }
    }
}
