import Synchronization
import Tidemill

/// What outgoing messages are known by.
final class MessageIDs: Sendable {
    private let template: JobTemplate?
    /// One for each run of a process, so that the numbers of two don't meet.
    private let run = String(UInt64.random(in: 0 ... .max), radix: 36)
    private let number = Atomic<UInt64>(0)

    init(_ template: JobTemplate?) { self.template = template }

    func id(of job: Job) throws(JobFailure) -> String {
        if let template { return try template.text(for: job) }
        return "\(run)-\(number.add(1, ordering: .relaxed).newValue)"
    }
}
