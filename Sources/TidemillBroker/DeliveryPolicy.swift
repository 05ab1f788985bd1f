import Tidemill

/// What becomes of messages by how they ended.
struct DeliveryPolicy: Sendable {
    /// After how many deliveries a message is given up; nil for never.
    var maxDeliveries: Int?
    /// How long failed messages wait.
    var pauses = RetryPolicy(initialInterval: .seconds(1), maxInterval: .seconds(300))

    func verdict<Lease>(
        _ outcome: Outcome,
        _ failure: LeasedMessage.Failure?,
        deliveries: Int
    ) -> LeaseEnding<Lease>.Verdict {
        switch outcome {
        case .delivered, .filtered, .dropped, .deadLettered, .expired: return .done
        case .cancelled: return .release
        case .rejected:
            let reason = failure?.reason ?? outcome.name
            if failure?.isFinal == true || deliveries >= maxDeliveries ?? .max { return .giveUp(reason: reason) }
            var random = SystemRandomNumberGenerator()
            return .again(after: pauses.backoff(deliveries, &random), reason: reason)
        }
    }
}
