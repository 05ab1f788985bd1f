import Tidemill
import TidemillTesting

// A pool that grows and shrinks while tasks are at work in it. A gate stands for how long the tasks take.

extension Pool {
    /// Hands a task in until a worker is free for it.
    func insist(_ task: String) async -> Outcome {
        while true {
            let outcome = await dispatch(task)
            if outcome != .rejected { return outcome }
            await Task.yield()
        }
    }
}

@main
struct Program {
    static func main() async throws {
        let gate = Gate()
        let pool = try Pool(workers: 3) { task in try await gate.pass() }

        async let running: Void = pool.run()
        async let first = pool.insist("task 1")
        async let second = pool.insist("task 2")
        async let third = pool.insist("task 3")
        await gate.waiting(3)
        print("task 4: \(await pool.dispatch("task 4") == .rejected ? "all workers are busy" : "taken")")

        try pool.addWorker()
        async let fifth = pool.insist("task 5")
        await gate.waiting(4)
        print("task 5: taken, workers: \(try pool.workers)")

        try pool.removeWorker()
        print("workers: \(try pool.workers), tasks at work: \(gate.count)")

        gate.open()
        print("outcomes: \(await [first, second, third, fifth].map(\.name).joined(separator: ", "))")
        pool.stop()
        try await running
        print("books balance: \(pool.books.balance), delivered \(pool.books[.delivered])")
    }
}
