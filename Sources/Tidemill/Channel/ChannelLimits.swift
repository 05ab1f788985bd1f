/// What a channel does when it is full.
public enum Overflow: String, Sendable, CaseIterable {
    /// The sender waits: back-pressure.
    case block
    /// What doesn't fit is dropped.
    case dropNewest = "drop_newest"
    /// What has waited longest is dropped to make room.
    case dropOldest = "drop_oldest"
    /// What doesn't fit is handed back to its source.
    case reject
}

/// How much a channel holds.
public struct ChannelLimits: Sendable, Hashable {
    /// How many jobs; 0 is a rendezvous: a sender waits until somebody takes its job.
    public var capacity: Int
    /// How many bytes, if that is bounded too.
    ///
    /// A job larger than that on its own passes while the channel is empty.
    public var bytes: Int?
    /// What happens when it is full.
    public var overflow: Overflow

    /// Limits; the default is 1024 jobs and back-pressure.
    public init(capacity: Int = 1024, bytes: Int? = nil, overflow: Overflow = .block) {
        self.capacity = max(capacity, 0)
        self.bytes = bytes
        self.overflow = overflow
    }
}
