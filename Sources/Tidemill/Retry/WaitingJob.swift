/// A job that waits for its next attempt.
///
/// `@unchecked Sendable`: as its superclass; all of its own is constant.
final class WaitingJob: PipelineTimer, @unchecked Sendable {
    let delivery: Delivery
    let position: UInt64
    let number: UInt64
    let until: Duration
    private let retries: Retries

    init(_ delivery: Delivery, _ position: UInt64, number: UInt64, due: Duration, _ retries: Retries) {
        self.delivery = delivery
        self.position = position
        self.number = number
        until = due
        self.retries = retries
    }

    override func fire() { retries.end(self) }
}

/// The pipeline's random numbers as a generator.
struct DrawnRandom: RandomNumberGenerator {
    let draw: @Sendable () -> UInt64

    mutating func next() -> UInt64 { draw() }
}

extension Delivery {
    /// The attempts of the stage at hand that failed so far.
    package var attempts: [Attempt] { job.details?.attempts ?? [] }

    /// The delivery after another attempt that failed.
    func after(_ attempt: Attempt) -> Delivery {
        let details = (job.details ?? JobDetails()).with(attempts: attempts + [attempt])
        return Delivery(Job(value: job.value, details: details), ticket: ticket)
    }
}
