/// How many workers a stage may have, and when it gets more or fewer.
///
/// A stage grows while its jobs wait longer than they may and its workers are busy, by at most twice as many at a time.
/// It shrinks once fewer workers would have sufficed for a while.
public struct ScalingPolicy: Sendable, Hashable {
    /// The fewest workers; at least 1.
    public var min: Int
    /// The most workers; at least `min`.
    public var max: Int
    /// How long a job may wait in the channel in front of the stage.
    public var targetWait: Duration
    /// How long it is from one look at the stage to the next.
    public var interval: Duration
    /// For how long fewer workers must have sufficed before any of them end.
    public var patience: Duration

    /// The sizes that it allows.
    var sizes: ClosedRange<Int> { Swift.max(min, 1)...Swift.max(max, min, 1) }

    /// A policy; by default jobs may wait 50 ms, a look is taken every 250 ms, and the patience is 3 s.
    public init(
        min: Int = 1,
        max: Int,
        targetWait: Duration = .milliseconds(50),
        interval: Duration = .milliseconds(250),
        patience: Duration = .seconds(3)
    ) {
        self.min = Swift.max(min, 1)
        self.max = Swift.max(max, self.min)
        self.targetWait = Swift.max(targetWait, .milliseconds(1))
        self.interval = Swift.max(interval, .milliseconds(1))
        self.patience = Swift.max(patience, .zero)
    }
}
