/// What follows from what a node did during a run.
package struct NodeFigures: Sendable, Hashable {
    /// The node's name.
    package var name: String
    /// The share of their time that its workers were on jobs.
    package var utilization: Double
    /// The share of their time that its workers, or the source, waited for room downstream.
    package var blockedShare: Double
    /// How many jobs came in a second.
    package var throughput: Double
    /// How many workers were on a job on average (Little's law).
    package var busyWorkers: Double
    /// How long a job took; nil if there was none.
    package var serviceTime: Duration?
    /// How long a job waited in the queue (Little's law); nil if there was none.
    package var queueWait: Duration?
    /// The share of the time on jobs that its handlers computed; nil where nobody knows.
    package var computingShare: Double?

    /// The figures of a node in a run of that length.
    package init(_ load: NodeLoad, elapsed: Duration) {
        let seconds = max(elapsed / .seconds(1), 1e-9)
        let workerSeconds = seconds * max(load.meanWorkers, 1)
        let busy = load.busy / .seconds(1)
        name = load.name
        utilization = min(busy / workerSeconds, 1)
        blockedShare = min(load.blocked / .seconds(1) / workerSeconds, 1)
        throughput = Double(load.received) / seconds
        busyWorkers = busy / seconds
        if load.received > 0 {
            serviceTime = .seconds(busy / Double(load.received))
            queueWait = .seconds(load.queued / throughput)
        }
        if let cpu = load.cpu, busy > 0 { computingShare = min(cpu / .seconds(1) / busy, 1) }
    }
}
