/// What a pipeline took in and what became of it.
///
/// They balance at the end of every run.
public struct Books: Sendable, Hashable {
    /// Messages that sources brought.
    public var taken = 0
    /// Jobs that came to be on the way: a job that became three adds two, and so does a job that three nodes read.
    public var emitted = 0
    private var outcomes = [Int](repeating: 0, count: Outcome.allCases.count)

    /// Empty books.
    public init() {}

    /// How many jobs ended so.
    public subscript(outcome: Outcome) -> Int {
        get { outcomes[Int(outcome.rawValue)] }
        set { outcomes[Int(outcome.rawValue)] = newValue }
    }

    /// How many jobs have ended.
    public var settled: Int { outcomes.reduce(0, +) }

    /// How many jobs have not ended.
    public var open: Int { taken + emitted - settled }

    /// Whether every job has ended in exactly one outcome.
    public var balance: Bool { open == 0 }

    /// The books of two parts as one.
    public static func + (left: Books, right: Books) -> Books {
        var sum = left
        sum.taken += right.taken
        sum.emitted += right.emitted
        for outcome in Outcome.allCases { sum[outcome] += right[outcome] }
        return sum
    }
}
