/// How many workers a load needs.
///
/// Besides a reserve, jobs that come at random times and take random times must not wait too long; Erlang's C formula
/// says how long that is.
struct WorkerDemand {
    /// The share of their time that workers should be busy at most; the rest is for what comes in bursts.
    static let utilization = 0.75

    /// How long a job may wait on average, in seconds.
    let targetWait: Double

    /// The fewest workers that are enough for a load, which is the mean number of them on a job.
    ///
    /// Without a service time nothing is known of waits.
    func workers(for load: Double, serviceTime: Double?, atMost limit: Int) -> Int {
        var refused = 1.0  // the share that Erlang's B formula refuses
        for count in 1..<max(limit, 1) {
            let servers = Double(count)
            refused = load * refused / (servers + load * refused)
            guard load <= servers * Self.utilization else { continue }
            let queued = refused / (1 - load / servers * (1 - refused))
            if queued * (serviceTime ?? 0) / (servers - load) <= targetWait { return count }
        }
        return max(limit, 1)
    }
}
