import Testing
import Tidemill
import TidemillBroker

@testable import TidemillQueue

/// How messages are put in, leased and ended.
@Suite(.timeLimit(.minutes(2)))
struct LeaseTests {
    @Test func comesByPriorityAndThenByAge() throws {
        let file = try QueueFile()
        try file.push("a", "b")
        try file.push("urgent 1", "urgent 2", priority: 5)
        try file.push("late", priority: -1)
        #expect(try file.lease(3).texts == ["urgent 1", "urgent 2", "a"])
        #expect(try file.lease().texts == ["b", "late"])
        #expect(try file.lease().isEmpty)
    }

    @Test func keepsEverythingThatAMessageHas() throws {
        let file = try QueueFile()
        let body = Bytes([0, 255, 10])
        let new = NewMessage(body, key: Bytes([254]), headers: "{\"a\":\"b\"}", metadata: "{}")
        let id = try file.store.enqueue([new], to: "q")[0].id
        let message = try #require(try file.lease().first?.message)
        #expect(message.id == id && message.body == body && message.key == Bytes([254]))
        #expect(message.headers == new.headers && message.metadata == "{}" && message.attempts == 1)
        #expect(message.createdAt == file.store.now)
    }

    @Test func doneMessagesAreGone() throws {
        let file = try QueueFile()
        try file.push("a", "b")
        let leased = try file.lease(1)
        #expect(try file.count(.leased) == 1 && file.count(.ready) == 1)
        #expect(try file.settle(leased).isEmpty)
        #expect(try file.store.messages(of: "q").map { String($0.body) } == ["b"])
        #expect(try file.settle(leased) == [0], "what is settled twice is lost the second time")
        #expect(try file.count(.ready) == 1)
    }

    @Test func idsAreNeverUsedTwice() throws {
        let file = try QueueFile()
        let first = try file.push("a", "b")
        _ = try file.settle(try file.lease())
        let second = try file.push("c")
        #expect(second[0] > first[1])
    }

    @Test func againComesAfterItsDelay() throws {
        let file = try QueueFile()
        try file.push("a")
        _ = try file.settle(try file.lease(), .again(after: .seconds(5), reason: "not yet"))
        file.clock.advance(by: .milliseconds(4_999))
        #expect(try file.lease().isEmpty && file.count(.delayed) == 1)
        #expect(try file.store.next(in: "q") == .after(.milliseconds(1)))
        file.clock.advance(by: .milliseconds(1))
        #expect(try file.count(.ready) == 1)
        let again = try #require(try file.lease().first?.message)
        #expect(again.attempts == 2 && again.lastError == "not yet")
    }

    @Test func releaseIsNoAttempt() throws {
        let file = try QueueFile()
        try file.push("a")
        _ = try file.settle(try file.lease(), .release)
        #expect(try file.lease().first?.message.attempts == 1)
    }

    @Test func delaysAreKept() throws {
        let file = try QueueFile()
        try file.push("later", priority: 9, delay: .seconds(60))
        try file.push("now")
        let first = try file.lease()
        #expect(first.texts == ["now"])
        _ = try file.settle(first)
        file.clock.advance(by: .seconds(60))
        #expect(try file.lease().texts == ["later"])
    }

    @Test func expiredLeasesAreGivenAgain() throws {
        let file = try QueueFile()
        try file.push("a", "b")
        let first = try file.lease(for: .seconds(10))
        file.clock.advance(by: .seconds(9))
        #expect(try file.store.extend([first[0].lease], by: .seconds(10)) == [])
        file.clock.advance(by: .seconds(1))
        let second = try file.lease()
        #expect(second.texts == ["b"] && second[0].message.attempts == 2)
        #expect(second[0].message.lastError == "the lease expired")
        #expect(try file.store.extend(first.map(\.lease), by: .seconds(10)) == [1])
        #expect(try file.settle(first) == [1], "the message is somebody else's")
        #expect(try file.count(.leased) == 1)
    }

    @Test func lateEndingsCountWhileNobodyElseHasTheMessage() throws {
        let file = try QueueFile()
        try file.push("a", "b")
        let first = try file.lease(2, for: .seconds(1))
        file.clock.advance(by: .seconds(2))
        #expect(try file.settle([first[0]]).isEmpty)
        #expect(try file.lease(1).texts == ["b"])
    }

    @Test func clockSetForwardGivesDuplicatesAndLosesNothing() throws {
        let file = try QueueFile()
        try file.push("a")
        let first = try file.lease(for: .seconds(60))
        file.clock.advance(by: .seconds(86_400))
        #expect(try file.lease().texts == ["a"], "a lease that others think has expired")
        #expect(try file.settle(first) == [0])
        #expect(try file.count(.leased) == 1)
    }

    @Test func clockSetBackMakesLeasesLast() throws {
        let file = try QueueFile()
        try file.push("a")
        try file.push("b", delay: .seconds(5))
        let first = try file.lease(for: .seconds(60))
        file.clock.advance(by: .seconds(-3_600))
        #expect(try file.lease().isEmpty)
        #expect(try file.store.extend(first.map(\.lease), by: .seconds(60)) == [], "a heartbeat puts it right")
        file.clock.advance(by: .seconds(61))
        #expect(try file.lease().texts == ["a"])
        file.clock.advance(by: .seconds(3_600))
        #expect(Set(try file.lease().texts) == ["a", "b"], "nothing is lost")
    }

    @Test func queuesOfOneFileAreApart() throws {
        let file = try QueueFile()
        try file.push("a")
        _ = try file.store.enqueue([NewMessage("b")], to: "other")
        #expect(try file.store.queues() == ["other", "q"])
        #expect(try file.lease().texts == ["a"])
        #expect(try file.store.lease(9, from: "other", for: .seconds(1)).texts == ["b"])
        #expect(try file.store.lease(9, from: "no such", for: .seconds(1)).isEmpty)
    }
}
