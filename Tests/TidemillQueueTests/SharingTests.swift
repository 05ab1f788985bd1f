import Foundation
import Synchronization
import TestSupport
import Testing
import Tidemill
import TidemillBroker

@testable import TidemillQueue

/// Several threads and processes on one file.
@Suite(.timeLimit(.minutes(5)))
struct SharingTests {
    /// Runs a body on threads of their own, to their ends.
    private func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) async throws {
        let failures = Mutex<[any Error]>([])
        let (ends, end) = AsyncStream<Void>.makeStream()
        let running = Atomic<Int>(count)
        for number in 0..<count {
            Thread.detachNewThread {
                do { try body(number) } catch { failures.withLock { $0.append(error) } }
                if running.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { end.finish() }
            }
        }
        for await _ in ends {}
        if let failure = failures.withLock({ $0.first }) { throw failure }
    }

    /// Holds a store's connection until so many others wait for it, and lets them come once it has it.
    private func hold(_ file: QueueFile, until waiting: Int, _ isHeld: DispatchSemaphore) throws {
        try file.store.read { _ in
            for _ in 0..<waiting { isHeld.signal() }
            while file.store.pendingCount < waiting { sched_yield() }
        }
    }

    @Test func eachMessageGoesToOneOfManyStores() async throws {
        let file = try QueueFile()
        let stores = (0..<3).map { _ in file.other() }
        let seen = Mutex<[String: Int]>([:])
        try await onThreads(3) { number in
            for batch in 0..<20 {
                let texts = (0..<10).map { "\(number) \(batch) \($0)" }
                _ = try stores[number].enqueue(texts.map { NewMessage(Bytes($0)) }, to: "q")
                let leased = try stores[number].lease(10, from: "q", for: .seconds(60))
                seen.withLock { seen in for text in leased.texts { seen[text, default: 0] += 1 } }
                try stores[number].settle(leased.map { LeaseEnding($0.lease, .done) }, in: "q")
            }
        }
        let rest = try file.lease(1_000).texts
        #expect(seen.withLock { $0.values.allSatisfy { $0 == 1 } })
        #expect(Set(seen.withLock { $0.keys }).union(rest).count == 600)
    }

    @Test func writersThatWaitShareATransaction() async throws {
        let file = try QueueFile()
        try file.push("first")
        let before = try file.store.read { $0.commits }
        let isHeld = DispatchSemaphore(value: 0)
        try await onThreads(9) { number in
            if number == 0 { return try hold(file, until: 8, isHeld) }
            isHeld.wait()
            _ = try file.store.enqueue([NewMessage(Bytes("\(number)"))], to: "q")
        }
        let commits = try file.store.read { $0.commits } - before
        #expect(commits < 8, "\(commits) transactions for 8 writers")
        #expect(try file.count(.ready) == 9)
    }

    @Test func oneBadWriteIsNotTheOthersTrouble() async throws {
        let file = try QueueFile()
        try file.push("first")
        let isHeld = DispatchSemaphore(value: 0)
        struct Bad: Error {}
        let failures = Atomic<Int>(0)
        try await onThreads(4) { number in
            if number == 0 { return try hold(file, until: 3, isHeld) }
            isHeld.wait()
            if number == 1 {
                do {
                    _ = try file.store.write(.powerLoss) { connection in
                        try connection.execute("INSERT INTO queues (name) VALUES ('half')")
                        throw Bad()
                    }
                } catch is Bad {
                    failures.add(1, ordering: .relaxed)
                }
            } else {
                _ = try file.store.enqueue([NewMessage(Bytes("\(number)"))], to: "q")
            }
        }
        #expect(failures.load(ordering: .relaxed) == 1)
        #expect(try file.store.queues() == ["q"] && file.count(.ready) == 3)
    }

    @Test func aConsumerHearsOfMessagesOfAnotherProcessAtOnce() async throws {
        let folder = try Folder()
        let store = QueueStore(folder.file("queue.db").path)
        let consumer = QueueConsumer(store, QueueConsumer.Settings(queue: "q"))
        try await consumer.connect()
        let other = QueueStore(store.path)
        var slow = 0
        for round in 0..<20 {
            let time = ContinuousClock.now
            Thread.detachNewThread {
                // Most probably it waits by then.
                usleep(20_000)
                _ = try? other.enqueue([NewMessage(Bytes("\(round)"))], to: "q")
            }
            let messages = try await consumer.receive(upTo: 9, waiting: .seconds(30))
            #expect(messages.map { String($0.body) } == ["\(round)"])
            if time.duration(to: .now) > .milliseconds(500) { slow += 1 }
            try await consumer.settle(messages.map { LeaseEnding($0.lease, .done) })
        }
        #expect(slow < 5, "a look each second would be as slow")
    }

    @Test func aConsumerCanBeWoken() async throws {
        let file = try QueueFile()
        let consumer = QueueConsumer(file.store, QueueConsumer.Settings(queue: "q"))
        try await consumer.connect()
        consumer.wake()
        #expect(try await consumer.receive(upTo: 1, waiting: .seconds(100)).isEmpty)
        await consumer.disconnect()
        await #expect(throws: BrokerError.self) { try await consumer.receive(upTo: 1, waiting: .zero) }
    }

    @Test func oneFileHasOneSharedStore() throws {
        let folder = try Folder()
        let path = folder.file("queue.db").path
        let store = QueueStore.shared(path)
        #expect(QueueStore.shared(folder.url.path + "/./queue.db") === store)
        try store.open()
        #expect(QueueStore.shared(path) === store)
    }

    @Test func theCommandIsAnotherProcess() async throws {
        let file = try QueueFile()
        try file.push("1", "2")
        let pushed = try await Program.run(["queue", "push", "--path", file.path, "--queue", "q", "3", "4"])
        #expect(pushed.status == 0 && pushed.output == "3\n4\n", "\(pushed)")
        #expect(try file.lease().texts == ["1", "2", "3", "4"])
    }
}
