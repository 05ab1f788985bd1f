/// How far a pipeline is in its life; it goes through these in order and may leave some out.
public enum PipelinePhase: String, Sendable, CaseIterable, Comparable {
    /// Not all of its nodes are ready: handlers are made, scripts loaded, sinks opened, and no message is taken in.
    case starting
    /// Sources bring messages.
    case running
    /// The sources were asked to stop; what they brought is processed.
    case draining
    /// Everything is stopped: handlers are interrupted, and jobs that are not done are handed back.
    case cancelling
    /// Nothing runs any more.
    case ended

    /// Whether `left` comes before `right`.
    public static func < (left: PipelinePhase, right: PipelinePhase) -> Bool { left.order < right.order }

    private var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
