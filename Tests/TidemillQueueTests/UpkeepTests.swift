import Testing
import Tidemill
import TidemillBroker

@testable import TidemillQueue

/// Dead and done messages: how long they stay, how they go and how they come back.
@Suite(.timeLimit(.minutes(2)))
struct UpkeepTests {
    private func give(up count: Int, _ file: QueueFile) throws -> [Int64] {
        var ids: [Int64] = []
        for number in 0..<count {
            ids += try file.push("\(number)")
            _ = try file.settle(try file.lease(), .giveUp(reason: "no"))
            file.clock.advance(by: .seconds(10))
        }
        return ids
    }

    @Test func deadMessagesSayWhy() throws {
        let file = try QueueFile()
        let ids = try give(up: 1, file)
        let message = try #require(try file.store.message(ids[0], of: "q"))
        #expect(message.state == .dead && message.lastError == "no" && message.finishedAt == message.createdAt)
        #expect(try file.store.message(99, of: "q") == nil && file.store.message(ids[0], of: "other") == nil)
    }

    @Test func retentionIsByAgeAndByCount() throws {
        let file = try QueueFile()
        let ids = try give(up: 5, file)
        #expect(try file.store.trim(.dead, of: "q", to: QueueRetention()) == 0)
        #expect(try file.store.trim(.dead, of: "q", to: QueueRetention(age: .seconds(40))) == 2)
        #expect(try file.store.messages(of: "q").map(\.id) == Array(ids[2...]))
        #expect(try file.store.trim(.dead, of: "q", to: QueueRetention(count: 1)) == 2)
        #expect(try file.store.messages(of: "q").map(\.id) == [ids[4]], "the newest stays")
        try file.push("ready")
        #expect(try file.store.trim(.ready, of: "q", to: QueueRetention(count: 0)) == 0)
    }

    @Test func trimmingTakesManyTurns() throws {
        let file = try QueueFile()
        for _ in 0..<3 { _ = try file.store.enqueue((0..<900).map { NewMessage(Bytes("\($0)")) }, to: "q") }
        let leased = try file.lease(2_700)
        try file.store.settle(leased.map { LeaseEnding($0.lease, .done) }, in: "q", keepsDone: true)
        #expect(try file.count(.done) == 2_700)
        #expect(try file.store.trim(.done, of: "q", to: QueueRetention(count: 50)) == 2_650)
        #expect(try file.count(.done) == 50)
    }

    @Test func retriedMessagesStartAnew() throws {
        let file = try QueueFile()
        let ids = try give(up: 3, file)
        #expect(try file.store.retry([ids[1], 99], of: "q") == [ids[1]])
        let message = try #require(try file.lease().first?.message)
        #expect(message.id == ids[1] && message.attempts == 1)
        #expect(try file.store.retry(nil, of: "q") == [ids[0], ids[2]])
        #expect(try file.count(.dead) == 0)
    }

    @Test func purgeTakesOneState() throws {
        let file = try QueueFile()
        _ = try give(up: 2, file)
        try file.push("a", "b", "c")
        let leased = try file.lease(1)
        #expect(try file.store.purge(.ready, of: "q") == 2 && file.store.purge(.leased, of: "q") == 1)
        #expect(try file.settle(leased) == [0])
        #expect(try file.count(.dead) == 2)
    }

    @Test func statisticsCountWhatATimeMakesOfThem() throws {
        let file = try QueueFile()
        try file.push("old")
        file.clock.advance(by: .seconds(100))
        try file.push("later", delay: .seconds(10))
        try file.push("young")
        _ = try file.lease(1, for: .seconds(5))
        var statistics = try file.store.statistics(of: "q")
        #expect(statistics.counts == [.ready: 1, .delayed: 1, .leased: 1] && statistics.oldestAge == .zero)
        #expect(!statistics.isFinished)
        file.clock.advance(by: .seconds(10))
        statistics = try file.store.statistics(of: "q")
        #expect(statistics.counts == [.ready: 3] && statistics.oldestAge == .seconds(110))
        #expect(try file.store.messages(of: "q", in: .ready).count == 3)
    }

    @Test func leasesOfDeadProcessesAreFree() async throws {
        let file = try QueueFile()
        try file.push("a", "b", "c")
        let dead = QueueStore.thisProcess.replacing(/^[0-9]+/, with: "4194305")
        _ = try file.store.lease(1, from: "q", for: .seconds(60), holder: dead)
        _ = try file.store.lease(1, from: "q", for: .seconds(60), holder: "4194305@elsewhere/1")
        _ = try file.lease(1)
        try file.store.releaseOfDeadProcesses(of: "q")
        let again = try file.lease()
        #expect(again.texts == ["a"] && again[0].message.attempts == 2)
    }
}
