/// What is in a channel and who waits at it at one moment.
struct ChannelGlimpse<Element: Sendable>: Sendable {
    let queued: Int
    /// How many came back and wait to be taken again.
    let returned: Int
    let bytes: Int?
    let senders: Int
    let receivers: Int
    let isHolding: Bool
    let first: [Element]
}

/// What a worker is at at one moment; without a job where it has none, or where it does not say which.
struct WorkerGlimpse: Sendable {
    var job: Delivery?
    /// How many jobs are one piece of work with it.
    var count = 0
    /// Since when it surely was at hand.
    var since = Duration.zero
    var due: Duration?
    var stop: (reason: StopReason, time: Duration)?
}
