/// Where in a node a job is.
public enum JobState: String, Sendable, CaseIterable {
    /// In the channel in front of the node, or taken out of it and not started.
    case queued
    /// With one of the node's workers.
    case atWork = "at_work"
    /// Between two attempts.
    case waiting
    /// On its way out: what became of it did not get into the next channel, or a source's message into the first.
    case leaving
}
