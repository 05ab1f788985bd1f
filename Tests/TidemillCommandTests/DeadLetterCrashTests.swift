import Foundation
import TestSupport
import Testing
import TidemillTesting

/// A replay that is killed at any moment, again and again: no letter is lost, and none that is done comes again.
@Suite(.timeLimit(.minutes(10)))
struct DeadLetterCrashTests {
    private static let count = 600

    private static let failing = "return function(line) error('not yet') end"

    /// Delivers, filters, fails again, or does two of these at once, by the number of the letter, and says where it is.
    private static func script(at moment: Int, isWhole: Bool) -> String {
        """
        local seen = 0
        return function(line, ctx)
          seen = seen + 1
          if seen == \(moment) then ctx.log.info("there it is") end
          if seen > \(moment) + 40 then ctx:sleep(60) end
          local way = \(isWhole ? 0 : 1) * (tonumber(line) % 4)
          ctx:emit({ line = line, id = ctx.job.metadata.dead_letter.id, way = way })
          if way == 1 then ctx:emit({ line = line, fails = true }) end
          if way == 2 then error("again") end
          if way == 3 then ctx:emit({ line = line, id = ctx.job.metadata.dead_letter.id, way = way }) end
        end
        """
    }

    private let pipeline: TestPipeline = {
        var pipeline = TestPipeline.scripted()
        pipeline.stages.append(#""name": "check", "script": "check.lua", "channel": {"capacity": 16}"#)
        pipeline.sinks = [#""name": "out", "type": "file", "path": "out.jsonl", "channel": {"capacity": 16}"#]
        return pipeline
    }()

    private struct Line: Decodable {
        let line: String
        let id: String?
    }

    private func output(_ folder: Folder) throws -> [Line] {
        guard folder.exists("out.jsonl") else { return [] }
        // The last line may be half of one.
        return try folder.lines("out.jsonl").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    private func journal(_ folder: Folder) throws -> Set<String> {
        guard folder.exists("dead.jsonl.replay") else { return [] }
        return Set(try folder.lines("dead.jsonl.replay").filter { !$0.isEmpty })
    }

    @Test(arguments: [1, 2, 3])
    func killedAtRandomMoments(seed: Int) async throws {
        let folder = try Folder()
        var random = SeededRandom(seed: seed)
        try folder.write("return function(v) if v.fails then error('in part') end return v end", to: "check.lua")
        let input = (0..<Self.count).map { "\($0)\n" }.joined()
        #expect(try await folder.run(pipeline, script: Self.failing, ["-q"], input: input).status == 0)
        #expect(try folder.letters().count == Self.count)

        var kills = 0
        for round in 0..<12 {
            let done = try journal(folder)
            let before = try output(folder).count { done.contains($0.id ?? "") }
            // Some are killed while they put their results into the file.
            let isAtEnd = round % 6 == 5
            let moment = isAtEnd ? 1_000_000 : Int.random(in: 1...140, using: &random)
            try folder.write(Self.script(at: moment, isWhole: false), to: "work.lua")
            let running = try folder.startReplay("--all")
            try? await running.waitForError(isAtEnd ? "books:" : "there it is")
            running.send(signal: SIGKILL)
            if await running.wait().signal == SIGKILL { kills += 1 }
            let after = try output(folder).count { done.contains($0.id ?? "") }
            #expect(after == before, "what was done came again")
            try await nothingIsLost(folder)
        }
        #expect(kills >= 6)

        try folder.write(Self.script(at: 1_000_000, isWhole: true), to: "work.lua")
        try folder.write("return function(v) return {line = v.line or v} end", to: "check.lua")
        let result = try await folder.letters("replay", "--all", "-q")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try folder.read("dead.jsonl").isEmpty && !folder.exists("dead.jsonl.replay"))
        #expect(Set(try output(folder).map(\.line)).count == Self.count)
    }

    /// Every line is in the output, or there is a letter for it, and never two letters for the same work.
    private func nothingIsLost(_ folder: Folder) async throws {
        var lines = Set(try output(folder).map(\.line))
        var names: [String] = []
        for letter in try await folder.listed() {
            let stage = letter["stage"] as? String ?? ""
            let text = letter["value"] as? String ?? (letter["value"] as? [String: Any])?["line"] as? String
            lines.insert(text ?? "")
            names.append("\(stage) \(text ?? "")")
        }
        #expect(lines.count == Self.count)
        #expect(Set(names).count == names.count, "two letters for one")
    }
}
