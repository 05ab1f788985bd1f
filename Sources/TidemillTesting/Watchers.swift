/// Tests that wait until a number has become large enough.
struct Watchers {
    private var waiting: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []

    /// Notes somebody who waits for `count`; true, and nothing noted, where it is reached already.
    mutating func add(_ count: Int, _ continuation: CheckedContinuation<Void, Never>, now: Int) -> Bool {
        if now >= count { return true }
        waiting.append((count, continuation))
        return false
    }

    /// Those who waited for no more than this, to be woken outside the lock.
    mutating func reached(_ now: Int) -> [CheckedContinuation<Void, Never>] {
        let due = waiting.filter { $0.count <= now }.map(\.continuation)
        if !due.isEmpty { waiting.removeAll { $0.count <= now } }
        return due
    }
}
