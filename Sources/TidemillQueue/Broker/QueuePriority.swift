public import Tidemill

/// The priority that a sink gives its messages.
public enum QueuePriority: Hashable, Sendable {
    /// The same for all.
    case constant(Int)
    /// What a template makes of the job.
    case template(JobTemplate)

    /// What a priority may be.
    static let range = -1_000_000...1_000_000

    /// The priority of a job's message.
    ///
    /// - Throws: ``JobFailure`` where the job has none, or one out of range.
    func number(for job: Job) throws(JobFailure) -> Int {
        switch self {
        case .constant(let number): return number
        case .template(let template):
            let text = try template.text(for: job)
            guard let number = Int(text), Self.range.contains(number) else {
                let bounds = "from \(Self.range.lowerBound) to \(Self.range.upperBound)"
                throw JobFailure(.sink, "the priority \"\(text)\" is no whole number \(bounds)", advice: .never)
            }
            return number
        }
    }
}
