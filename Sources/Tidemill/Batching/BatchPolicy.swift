/// How a stage gathers jobs that a handler takes many of at once.
///
/// A batch is handed over when any of the three is reached, and when no more jobs will come.
public struct BatchPolicy: Sendable, Hashable {
    /// How many jobs a batch has at most.
    public var count: Int
    /// How many bytes the values of a batch have at most; nil for any number.
    ///
    /// A value that is larger on its own makes a batch on its own.
    public var bytes: Int?
    /// How long the first job of a batch waits for others.
    public var period: Duration

    /// A policy; the default is up to 100 jobs within a second.
    public init(count: Int = 100, bytes: Int? = nil, period: Duration = .seconds(1)) {
        self.count = max(count, 1)
        self.bytes = bytes
        self.period = max(period, .zero)
    }

    /// Why a channel that holds so many jobs never has a whole batch; nil if it can have one.
    func problem(withCapacity capacity: Int) -> String? {
        guard count > capacity else { return nil }
        return "a batch of \(count) jobs never comes together: the channel in front of the stage holds \(capacity)"
    }
}
