import Foundation
import TestSupport
import Testing
import Tidemill
import TidemillTesting
import TidemillValue

@testable import TidemillQueue

/// Channels that are kept in a file.
@Suite(.timeLimit(.minutes(20)))
struct LinkTests {
    private func pipeline(_ jobs: [Job], _ path: String, _ sink: CollectingSink) throws -> Pipeline {
        var work = PipelineNode.stage("work") { job, _ in job.value }
        work.durableChannel = QueueLink(path, name: "work")
        return try Pipeline(
            name: "linked",
            nodes: [.source("in", ScriptedSource([.sendAll(jobs)])), work, .sink("out", sink)],
            options: .quiet
        )
    }

    @Test func jobsArriveWhole() async throws {
        let folder = try Folder()
        let path = folder.file("jobs.db").path
        let deep = Value.table([
            ("a", [1, 2.5, "x", .null, true]), ("inf", .number(.infinity)), ("b", .string(Bytes([255]))),
        ])
        let jobs = [
            Job(deep, key: Bytes([1, 0, 255]), metadata: .table([("id", "original"), ("n", 7)])), Job(.null),
            Job(.string("")), Job(.integer(.max), key: ""),
        ]
        let sink = CollectingSink()
        try await pipeline(jobs, path, sink).run()
        let exact = { (job: Job) in ExactValue.encode(job.value).description }
        #expect(sink.jobs.map(exact) == jobs.map(exact))
        #expect(sink.jobs.map(\.key) == jobs.map(\.key))
        #expect(sink.jobs.map(\.metadata) == jobs.map(\.metadata))
        #expect(try QueueStore(path).messages(of: "work").isEmpty)
    }

    @Test func blobsArriveWithTheirBytes() async throws {
        let folder = try Folder()
        let sink = CollectingSink()
        let bytes = Bytes((0..<10_000).map { UInt8($0 & 255) })
        try await pipeline([Job(.table([("b", .object(Blob(bytes)))]))], folder.file("jobs.db").path, sink).run()
        guard case .object(let blob)? = sink.values.first?["b"] else {
            Issue.record("there is no blob")
            return
        }
        #expect(try blob.archived() == bytes)
    }

    @Test func whatAnEarlierRunLeftComesFirst() async throws {
        let folder = try Folder()
        let path = folder.file("jobs.db").path
        _ = try QueueStore(path).enqueue([NewMessage("\"left\"")], to: "work")
        let sink = CollectingSink()
        try await pipeline([Job("new")], path, sink).run()
        #expect(sink.values.compactMap(\.text) == ["left", "new"])
    }

    @Test func whatIsNoJobFailsAlone() async throws {
        let folder = try Folder()
        let path = folder.file("jobs.db").path
        _ = try QueueStore(path).enqueue([NewMessage("not JSON"), NewMessage("1")], to: "work")
        let sink = CollectingSink()
        var work = PipelineNode.stage("work") { job, _ in job.value }
        work.durableChannel = QueueLink(path, name: "work")
        let letters = CollectingSink()
        let pipeline = try Pipeline(
            name: "linked",
            nodes: [.source("in", ScriptedSource([])), work, .sink("out", sink)],
            deadLetters: letters,
            options: .quiet
        )
        try await pipeline.run()
        #expect(sink.integers == [1] && letters.jobs.count == 1)
    }

    private static let lines = 4_000

    private static let configuration = """
        {
          "sources": [{"name": "in", "type": "file", "path": "in.txt", "checkpoint": "state"}],
          "stages": [
            {"name": "first", "script": "work.lua"},
            {"name": "second", "script": "work.lua", "channel": {"type": "durable", "path": "jobs.db", "capacity": 64}}
          ],
          "sinks": [{"name": "out", "type": "file", "path": "out.txt", "format": "lines", "mode": "append"}]
        }
        """

    @Test func aPipelineThatIsKilledLosesNothing() async throws {
        let folder = try Folder()
        try folder.write("return function(value, ctx) return value end", to: "work.lua")
        try folder.write(Self.configuration, to: "c.json")
        try folder.write((0..<Self.lines).map { "line \(100_000 + $0)\n" }.joined(), to: "in.txt")
        let size = Self.lines * 12
        var random = SeededRandom(seed: 11)
        var kills = 0
        for _ in 0..<Kills.count(15) {
            let goal = written(folder) + Int.random(in: 1...size / 8, using: &random)
            let running = try Program.start(["run", "--quiet", "c.json"], in: folder.url)
            // It may have ended by itself: then there was nothing left to do.
            try? await eventually("\(goal) bytes", within: .seconds(3)) {
                written(folder) >= min(goal, size)
            }
            running.send(signal: SIGKILL)
            if await running.wait().signal == SIGKILL { kills += 1 }
        }
        let last = try await Program.run(["run", "--quiet", "c.json"], in: folder.url)
        #expect(last.status == 0, "\(last.errors)")
        let found = Set(try folder.lines("out.txt"))
        let expected = Set((0..<Self.lines).map { "line \(100_000 + $0)" })
        #expect(kills > 0 && found == expected, "\(found.count) of \(Self.lines)")
        #expect(try QueueStore(folder.file("jobs.db").path).messages(of: "second").isEmpty)
    }

    private func written(_ folder: Folder) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: folder.file("out.txt").path)
        return attributes?[.size] as? Int ?? 0
    }
}
