import Testing
import Tidemill
import TidemillBroker

@testable import TidemillQueue

/// Unique keys, and keys whose messages stay in order.
@Suite(.timeLimit(.minutes(2)))
struct KeyTests {
    private func push(_ file: QueueFile, unique: String) throws -> QueueReceipt {
        try file.store.enqueue([NewMessage("x", uniqueKey: Bytes(unique))], to: "q")[0]
    }

    @Test func uniqueKeysHoldUntilTheMessageIsDone() throws {
        let file = try QueueFile()
        let first = try push(file, unique: "k")
        #expect(try push(file, unique: "k") == .duplicate(of: first.id))
        let leased = try file.lease()
        #expect(leased.count == 1)
        #expect(try push(file, unique: "k") == .duplicate(of: first.id), "also while it is worked on")
        _ = try file.settle(leased)
        #expect(try push(file, unique: "k").id > first.id)
        #expect(try push(file, unique: "other") != .duplicate(of: first.id))
        _ = try file.settle(try file.lease(), .giveUp(reason: "no"))
        guard case .queued = try push(file, unique: "k") else {
            Issue.record("a dead message keeps others out")
            return
        }
    }

    @Test func oneBatchMayHaveDuplicatesOfItsOwn() throws {
        let file = try QueueFile()
        let messages = ["a", "b", "a"].map { NewMessage(Bytes($0), uniqueKey: Bytes($0)) }
        let receipts = try file.store.enqueue(messages, to: "q")
        #expect(receipts[2] == .duplicate(of: receipts[0].id))
        #expect(try file.count(.ready) == 2)
    }

    @Test func messagesOfOneKeyComeOneAfterTheOther() throws {
        let file = try QueueFile()
        try file.store.keepOrder(of: "q")
        try file.push("a1", "a2", "a3", key: "a")
        try file.push("b1", key: "b")
        try file.push("a4", key: "a", priority: 9)
        try file.push("free")
        #expect(try file.count(.blocked) == 3)
        let first = try file.lease()
        #expect(first.texts == ["a1", "b1", "free"])
        _ = try file.settle([first[1], first[2]])
        #expect(try file.lease().isEmpty)

        _ = try file.settle([first[0]], .again(after: .seconds(5), reason: "later"))
        #expect(try file.lease().isEmpty, "those behind it wait for it")
        file.clock.advance(by: .seconds(5))
        #expect(try file.settle(try file.lease()).isEmpty)
        #expect(try file.settle(try file.lease(), .giveUp(reason: "poison")).isEmpty)
        #expect(try file.settle(try file.lease()).isEmpty)
        #expect(try file.lease().texts == ["a4"])
        #expect(try file.store.messages(of: "q", in: .dead).map { String($0.body) } == ["a2"])
    }

    @Test func orderIsKeptOfWhatWasThereBefore() throws {
        let file = try QueueFile()
        try file.push("a1", "a2", key: "a")
        let first = try file.lease(1)
        try file.push("a3", key: "a")
        try file.store.keepOrder(of: "q")
        #expect(try file.lease().isEmpty)
        file.clock.advance(by: .seconds(61))
        #expect(try file.lease().texts == ["a1"], "an expired lease comes back in its place")
        #expect(try file.settle(first) == [0])
    }

    @Test func whatIsRemovedHoldsNobodyUp() throws {
        let file = try QueueFile()
        try file.store.keepOrder(of: "q")
        try file.push("a1", "a2", key: "a")
        #expect(try file.store.purge(.ready, of: "q") == 1)
        #expect(try file.lease().texts == ["a2"])
    }

    @Test func aRetriedMessageComesBackInItsPlace() throws {
        let file = try QueueFile()
        try file.store.keepOrder(of: "q")
        try file.push("a1", "a2", "a3", key: "a")
        _ = try file.settle(try file.lease(), .giveUp(reason: "no"))
        #expect(try file.count(.ready) == 1)
        #expect(try file.store.retry(nil, of: "q").count == 1)
        #expect(try file.count(.blocked) == 2)
        #expect(try file.lease().texts == ["a1"])
    }

    @Test func keysWithoutOrderAreNotHeldUp() throws {
        let file = try QueueFile()
        try file.push("a1", "a2", key: "a")
        #expect(try file.lease().count == 2)
    }
}
