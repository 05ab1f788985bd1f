import Glibc
import Tidemill
import TidemillBroker
import TidemillQueue

/// Messages a second that go into a queue file, are leased and are done, by batches, one call after the other.
func measureQueue(messages: Int, batch: Int, folder: String) throws -> String {
    let store = QueueStore(folder + "/queue.db")
    defer { store.close() }
    let body = Bytes(String(repeating: "x", count: 200))
    let cycle = { (count: Int) throws in
        for _ in 0..<max(count / batch, 1) {
            _ = try store.enqueue((0..<batch).map { _ in NewMessage(body) }, to: "bench")
            let leased = try store.lease(batch, from: "bench", for: .seconds(60))
            guard leased.count == batch else { throw BenchmarkError(message: "\(leased.count) messages of \(batch)") }
            let lost = try store.settle(leased.map { LeaseEnding($0.lease, .done) }, in: "bench")
            guard lost.isEmpty else { throw BenchmarkError(message: "leases were lost") }
        }
    }
    try cycle(messages / 20)
    let time = try ContinuousClock().measure { try cycle(messages) }
    guard try store.statistics(of: "bench").isFinished else { throw BenchmarkError(message: "messages are left") }
    let rate = Double(max(messages / batch, 1) * batch) / (time / .seconds(1))
    return "{\"pattern\":\"queue\",\"messages\":\(messages),\"batch\":\(batch),\"messages_per_s\":\(rate)}"
}

/// How long one lease of 16 takes in a queue of many messages, and a count of all.
func measureDeepQueue(messages: Int, folder: String) throws -> String {
    let store = QueueStore(folder + "/queue.db")
    defer { store.close() }
    let body = Bytes(String(repeating: "x", count: 200))
    for start in stride(from: 0, to: messages, by: 10_000) {
        let portion = (start..<min(start + 10_000, messages)).map { NewMessage(body, priority: $0 % 5) }
        _ = try store.enqueue(portion, to: "bench")
    }
    var times: [Double] = []
    for _ in 0..<1_000 {
        times.append(
            try ContinuousClock().measure {
                let leased = try store.lease(16, from: "bench", for: .seconds(60))
                try store.settle(leased.map { LeaseEnding($0.lease, .done) }, in: "bench")
            } / .microseconds(1)
        )
    }
    times.sort()
    let stats = try ContinuousClock().measure { _ = try store.statistics(of: "bench") } / .milliseconds(1)
    return """
        {"pattern":"queue-deep","messages":\(messages),"p50_us":\(times[500]),"p99_us":\(times[990]),\
        "stats_ms":\(stats)}
        """
}
