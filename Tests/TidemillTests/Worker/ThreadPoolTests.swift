import Synchronization
import Testing

@testable import Tidemill

@Suite(.timeLimit(.minutes(10))) struct ThreadPoolTests {
    private final class Numbers: Sendable {
        let numbers = Mutex<[Int]>([])
    }

    private final class Sleepers: Sendable {
        let list = Mutex<[UnsafeContinuation<Void, Never>]>([])
    }

    private final class Flags: Sendable {
        let entered = Atomic<Bool>(false)
        let released = Atomic<Bool>(false)
    }

    @Test(arguments: [1, 2, 8]) func runsThousandsOfTasks(threads: Int) async {
        let pool = ThreadPool(name: "a name that is too long", count: threads)
        let sum = await withTaskGroup { group in
            for number in 0..<3000 {
                group.addTask(executorPreference: pool) {
                    await Task.yield()
                    return number
                }
            }
            return await group.reduce(0, +)
        }
        #expect(sum == 3000 * 2999 / 2)
        pool.stop()
        pool.stop()
    }

    @Test func keepsTheOrderOnOneThread() async {
        let pool = ThreadPool(name: "one", count: 1)
        let seen = Numbers()
        await withDiscardingTaskGroup { group in
            for number in 0..<2500 {
                group.addTask(executorPreference: pool) { seen.numbers.withLock { $0.append(number) } }
            }
        }
        pool.stop()
        #expect(seen.numbers.withLock { $0 } == Array(0..<2500))
    }

    @Test func aBlockedPoolHoldsNobodyElseUp() async {
        let pool = ThreadPool(name: "blocked", count: 1)
        let flags = Flags()
        await withDiscardingTaskGroup { group in
            group.addTask(executorPreference: pool) {
                flags.entered.store(true, ordering: .releasing)
                while !flags.released.load(ordering: .acquiring) {}
            }
            while !flags.entered.load(ordering: .acquiring) { await Task.yield() }
            await withDiscardingTaskGroup { others in
                for _ in 0..<100 { others.addTask { await Task.yield() } }
            }
            flags.released.store(true, ordering: .releasing)
        }
        pool.stop()
    }

    /// Under the address sanitizer: whoever wakes a pool's last tasks is still at it when the pool is freed.
    @Test func mayBeFreedWhileItsLastTaskIsBeingHandedOver() async {
        for _ in 0..<300 {
            await withDiscardingTaskGroup { group in
                for _ in 0..<8 { group.addTask { await self.runAndFreePool(tasks: 6) } }
            }
        }
    }

    /// Has tasks wait on a pool of their own, wakes them from elsewhere, and lets go of the pool when they have ended.
    private func runAndFreePool(tasks: Int) async {
        let pool = ThreadPool(name: "brief", count: 2)
        let waiting = Sleepers()
        await withDiscardingTaskGroup { group in
            for _ in 0..<tasks {
                group.addTask(executorPreference: pool) {
                    await withUnsafeContinuation { continuation in waiting.list.withLock { $0.append(continuation) } }
                }
            }
            while waiting.list.withLock({ $0.count }) < tasks { await Task.yield() }
            // Like whoever ends a channel: it belongs to nothing that waits for it to be done.
            let all = waiting.list.withLock { $0 }
            Task.detached { for continuation in all { continuation.resume() } }
        }
        pool.stop()
    }

    @Test func isFreedOnceItsThreadsHaveEnded() async throws {
        weak var freed: ThreadPool?
        do {
            let pool = ThreadPool(name: "freed", count: 3)
            freed = pool
            pool.stop()
        }
        // Nobody joins them: the last one lets go of the pool a moment after `stop` has returned.
        for _ in 0..<60_000 where freed != nil { try await Task.sleep(for: .milliseconds(1)) }
        #expect(freed == nil)
    }
}

@Suite struct BatchSizerTests {
    @Test func growsByDoublingWhereJobsAreCheap() {
        let sizer = BatchSizer()
        var limits = [sizer.limit]
        for _ in 0..<10 {
            sizer.record(count: sizer.limit, nanoseconds: sizer.limit * 100)
            limits.append(sizer.limit)
        }
        #expect(limits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 512])
    }

    @Test func takesSlowJobsOneByOne() {
        let sizer = BatchSizer()
        for _ in 0..<12 { sizer.record(count: sizer.limit, nanoseconds: 0) }
        #expect(sizer.limit == BatchSizer.most)
        for _ in 0..<12 { sizer.record(count: sizer.limit, nanoseconds: sizer.limit * 5_000_000) }
        #expect(sizer.limit == 1)
    }

    @Test func survivesOddTimes() {
        let sizer = BatchSizer()
        for nanoseconds in [0, -5, Int.max, Int.min, 1] {
            sizer.record(count: 1, nanoseconds: nanoseconds)
            #expect((1...BatchSizer.most).contains(sizer.limit))
        }
        sizer.record(count: 0, nanoseconds: 10)
        #expect(sizer.limit >= 1)
    }
}
