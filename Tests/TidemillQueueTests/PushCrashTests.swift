import Foundation
import TestSupport
import Testing
import Tidemill
import TidemillTesting

@testable import TidemillQueue

/// `tidemill queue push`, killed at any moment: what it has acknowledged is in the file.
@Suite(.timeLimit(.minutes(20)))
struct PushCrashTests {
    private static let perRound = 3_000

    @Test func whatIsAcknowledgedIsThere() async throws {
        let folder = try Folder()
        let path = folder.file("queue.db").path
        var random = SeededRandom(seed: 7)
        var (acknowledged, killed) = (0, 0)
        for round in 0..<Kills.count(20) {
            let store = QueueStore(path)
            let last = try store.read { try $0.statement("SELECT last_id FROM counters").first { $0.integer() } ?? 0 }
            store.close()
            let output = try await push(round, path, killedAt: last + .random(in: 1...2_500, using: &random))
            if output.wasKilled { killed += 1 }
            acknowledged += output.ids.count
            try check(round, path, output.ids, after: last)
        }
        #expect(acknowledged > 0 && killed > Kills.count(20) / 2)
        let whole = try QueueStore(path).read { connection in
            try connection.statement("SELECT integrity_check FROM pragma_integrity_check").first { $0.text() }
        }
        #expect(whole == "ok")
    }

    /// Pushes numbered lines, and kills that when an id was printed.
    private func push(_ round: Int, _ path: String, killedAt id: Int64) async throws -> (ids: [Int64], wasKilled: Bool)
    {
        let pusher = try Program.start(["queue", "push", "--path", path, "--queue", "q", "--format", "text"])
        // In pieces that come one after the other, so that there are many transactions.
        Thread.detachNewThread {
            for start in stride(from: 0, to: Self.perRound, by: 10) {
                pusher.write((start..<start + 10).map { "\(round) \($0)\n" }.joined())
            }
        }
        try? await pusher.waitForOutput("\(id)\n")
        pusher.send(signal: SIGKILL)
        let result = await pusher.wait()
        // The last line may be half of one.
        let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        return (lines.compactMap { Int64($0) }, result.signal == SIGKILL)
    }

    /// What was acknowledged is there, in its order, and what else is there follows it without a gap.
    private func check(_ round: Int, _ path: String, _ ids: [Int64], after last: Int64) throws {
        let messages = try QueueStore(path).messages(of: "q").filter { $0.id > last }
        #expect(messages.count >= ids.count, "\(ids.count) were acknowledged, and \(messages.count) are there")
        #expect(Array(messages.map(\.id).prefix(ids.count)) == ids)
        #expect(messages.enumerated().allSatisfy { String($1.body) == "\(round) \($0)" })
    }
}
