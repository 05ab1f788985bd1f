import Synchronization

/// Which workers have nothing to do, where a job's task is started once there is a worker for it.
final class Seats: Sendable {
    private struct State {
        var size: Int
        /// Those that have nothing to do, the last one foremost: its caches are the warmest.
        var free: [Int]
        var workers: [Int: Worker] = [:]
        var busy: Set<Int> = []
        var taker: UnsafeContinuation<Int, Never>?
        var waiter: UnsafeContinuation<[Worker], Never>?
        /// How often a worker has been given back.
        var done = 0
        var watcher: UnsafeContinuation<Bool, Never>?

        mutating func next() -> Int? {
            guard let number = free.popLast() else { return nil }
            busy.insert(number)
            return number
        }

        /// Who waits for a worker, and which it gets now.
        mutating func served() -> (UnsafeContinuation<Int, Never>, Int)? {
            guard let taker, let number = next() else { return nil }
            self.taker = nil
            return (taker, number)
        }
    }

    private let state: Mutex<State>

    init(_ size: Int) { state = Mutex(State(size: size, free: (0..<size).reversed())) }

    /// The number of a worker that has nothing to do, and the worker, if it was there before; waits for one.
    func take() async -> (number: Int, worker: Worker?) {
        let number = await withUnsafeContinuation { continuation in
            let number = state.withLock { state in
                let number = state.next()
                if number == nil { state.taker = continuation }
                return number
            }
            if let number { continuation.resume(returning: number) }
        }
        return (number, state.withLock { $0.workers.removeValue(forKey: number) })
    }

    /// The worker has nothing to do any more; without one, the next that has its number is a new one.
    func giveBack(_ number: Int, _ worker: Worker?) {
        let (taker, waiter, watcher, left) = state.withLock { state in
            state.busy.remove(number)
            state.workers[number] = worker
            if number < state.size { state.free.append(number) }
            state.done += 1
            let watcher = state.watcher
            state.watcher = nil
            return (state.served(), state.busy.isEmpty ? state.waiter : nil, watcher, Array(state.workers.values))
        }
        watcher?.resume(returning: true)
        if let (taker, number) = taker { taker.resume(returning: number) } else { waiter?.resume(returning: left) }
    }

    /// How often a worker has been given back.
    var done: Int { state.withLock { $0.done } }

    /// Waits until one has been given back more than so often; false where none is at work that might be.
    func isMoreDone(than count: Int) async -> Bool {
        await withUnsafeContinuation { continuation in
            let answer = state.withLock { state -> Bool? in
                if state.done > count { return true }
                if state.busy.isEmpty { return false }
                state.watcher = continuation
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// Has so many from now on.
    func resize(to size: Int) {
        let taker = state.withLock { state in
            state.size = size
            state.free = (0..<size).reversed().filter { !state.busy.contains($0) }
            return state.served()
        }
        if let (taker, number) = taker { taker.resume(returning: number) }
    }

    /// Waits until none is at work, and gives all of them away.
    func end() async -> [Worker] {
        await withUnsafeContinuation { continuation in
            let left = state.withLock { state -> [Worker]? in
                if !state.busy.isEmpty { state.waiter = continuation }
                return state.busy.isEmpty ? Array(state.workers.values) : nil
            }
            if let left { continuation.resume(returning: left) }
        }
    }
}
