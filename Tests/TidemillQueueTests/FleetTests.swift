import Foundation
import TestSupport
import Testing
import Tidemill
import TidemillTesting

@testable import TidemillQueue

/// Three programs that consume one file, and that are killed and held up at any moment.
@Suite(.timeLimit(.minutes(20)))
struct FleetTests {
    private static let keys = 50

    private static var count: Int {
        ProcessInfo.processInfo.environment["TIDEMILL_CHAOS_MESSAGES"].flatMap { Int($0) } ?? 15_000
    }

    private static func line(_ index: Int) -> String {
        "k\(10 + index % keys) " + String(String(1_000_000 + index / keys).dropFirst())
    }

    private func configuration(_ number: Int, ordered: Bool) -> String {
        """
        {
          "sources": [{
            "name": "in", "type": "queue", "path": "queue.db", "queue": "q", "format": "text", "lease": "2s",
            "prefetch": 64, "ordered": \(ordered)
          }],
          "stages": [{"name": "work", "script": "work.lua", "workers": 2}],
          "sinks": [{
            "name": "out", "type": "file", "path": "\(ConsumerFleet.output(number))", "format": "lines",
            "mode": "append"
          }]
        }
        """
    }

    @Test(arguments: [false, true]) func everyMessageHasItsEffect(ordered: Bool) async throws {
        let folder = try Folder()
        let count = ordered ? Self.count / 5 : Self.count
        let lines = (0..<count).map(Self.line)
        try folder.write("return function(value, ctx) return value end", to: "work.lua")
        let store = QueueStore(folder.file("queue.db").path)
        if ordered { try store.keepOrder(of: "q") }
        let fleet = try ConsumerFleet(count: 3, in: folder) { configuration($0, ordered: ordered) }
        try fleet.start()
        let pusher = Task.detached {
            for start in stride(from: 0, to: count, by: 100) {
                let portion = lines[start..<min(start + 100, count)]
                _ = try store.enqueue(portion.map { NewMessage(Bytes($0), key: Bytes($0.prefix(3))) }, to: "q")
            }
        }
        var random = SeededRandom(seed: 3)
        let events = (0..<Kills.count(12)).map { _ in
            event(.random(in: 0..<3, using: &random), random.chance(0.8), fleet)
        }
        let bytes = lines.reduce(0) { $0 + $1.utf8.count + 1 }
        try await Disturbances(events).happen(to: fleet, total: bytes, within: .seconds(120))
        try await pusher.value
        try await eventually("the queue is empty", within: .seconds(120)) {
            try store.statistics(of: "q").isFinished
        }
        let results = await fleet.stop()
        // One that was started a moment ago may not have learnt of signals yet.
        for result in results { #expect(result.hasStopped, "\(result)") }

        let found = fleet.effects().comparison(with: lines)
        #expect(found.missing.isEmpty, "\(found.missing.count) are missing: \(found.missing.prefix(5))")
        #expect(found.strange.isEmpty)
        #expect(found.duplicates <= (fleet.kills + events.count) * 64 * 2, "\(found.duplicates) duplicates")
        #expect(try store.messages(of: "q").isEmpty)
    }

    private func event(_ number: Int, _ isKill: Bool, _ fleet: ConsumerFleet) -> Disturbances.Event {
        if isKill { return Disturbances.Event("kill \(number)") { try await fleet.kill(number) } }
        return Disturbances.Event("hold up \(number)") {
            fleet.suspend(number)
            Thread.detachNewThread {
                // Longer than a lease: others take its messages over.
                Thread.sleep(forTimeInterval: 3)
                fleet.resume(number)
            }
        }
    }
}
