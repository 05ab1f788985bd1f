import Foundation
import TestSupport
import Testing

/// How jobs flow from node to node: overflow, fan-out, fan-in and ports.
@Suite(.timeLimit(.minutes(10)))
struct FlowTests {
    /// A hundred jobs for a stage that stands at a gate with room for ten, and for a sink that has all of them.
    private func overflow(_ policy: String) async throws -> (lines: [Int], result: Program.Result) {
        let folder = try Folder()
        try folder.closeGate()
        let channel = #""channel": {"capacity": 10, "overflow": "\#(policy)"}"#
        let pipeline = TestPipeline(
            sources: [#""name": "in", "type": "generate", "count": 100, "template": "{{index}}""#],
            stages: [#""name": "work", "script": "work.lua", \#(channel), "# + ScriptGate.capability],
            sinks: [
                #""name": "all", "type": "stdout", "format": "lines", "inputs": ["in"]"#,
                #""name": "kept", "type": "file", "path": "kept", "format": "lines", "inputs": ["work"]"#,
            ]
        )
        let script =
            ScriptGate.lua + """
                local seen = 0
                return function(line, ctx)
                  seen = seen + 1
                  if seen == 1 then wait(ctx) end
                  return line
                end
                """
        let running = try folder.start(pipeline, script: script)
        try await running.waitForError("holding")
        try await running.waitForOutput("99\n")
        try folder.openGate()
        let result = await running.end()
        return (try folder.lines("kept").compactMap { Int($0) }, result)
    }

    @Test func dropsTheNewest() async throws {
        let (lines, result) = try await overflow("drop_newest")
        #expect(result.status == 0, "\(result.errors)")
        #expect(lines == Array(0..<lines.count) && lines.count >= 10 && lines.count < 20, "\(lines)")
        let dropped = 100 - lines.count
        #expect(result.books == "taken 100 + emitted 100 = delivered \(100 + lines.count) + dropped \(dropped)")
    }

    @Test func dropsTheOldest() async throws {
        let (lines, result) = try await overflow("drop_oldest")
        #expect(result.status == 0, "\(result.errors)")
        #expect(lines.suffix(10) == Array(90..<100) && lines.count < 20, "\(lines)")
        let dropped = 100 - lines.count
        #expect(result.books == "taken 100 + emitted 100 = delivered \(100 + lines.count) + dropped \(dropped)")
    }

    @Test func rejects() async throws {
        let (lines, result) = try await overflow("reject")
        let rejected = 100 - lines.count
        #expect(rejected > 80)
        #expect(result.books == "taken 100 + emitted 100 = delivered \(100 + lines.count) + rejected \(rejected)")
    }

    @Test(arguments: [0, 1, 2])
    func smallChannelsLoseNothing(capacity: Int) async throws {
        let folder = try Folder()
        let channel = #""channel": {"capacity": \#(capacity)}"#
        let pipeline = TestPipeline(
            stages: [
                #""name": "one", "script": "work.lua", "workers": 3, "# + channel,
                #""name": "two", "script": "work.lua", "workers": 2, "order": "input", "# + channel,
            ],
            sinks: [#""name": "out", "type": "stdout", "format": "lines", "# + channel]
        )
        let input = (1...2_000).map { "\($0)\n" }.joined()
        let result = try await folder.run(pipeline, script: "return function(line) return line end", input: input)
        #expect(result.books == "taken 2,000 + emitted 0 = delivered 2,000")
        let numbers = result.output.split(separator: "\n").compactMap { Int($0) }.sorted()
        #expect(numbers == Array(1...2_000))
    }

    @Test func twoSourcesAndTwoSinks() async throws {
        let folder = try Folder()
        try folder.write("a\nb\n", to: "one")
        try folder.write("c\n", to: "two")
        let pipeline = TestPipeline(
            sources: [
                #""name": "first", "type": "file", "path": "one""#, #""name": "second", "type": "file", "path": "two""#,
            ],
            stages: [#""name": "work", "script": "work.lua""#],
            sinks: [
                #""name": "left", "type": "stdout", "format": "lines""#,
                #""name": "right", "type": "file", "path": "right", "format": "lines", "inputs": ["work"]"#,
            ]
        )
        let result = try await folder.run(pipeline, script: "return function(line) return line:upper() end")
        #expect(result.status == 0)
        #expect(result.books == "taken 3 + emitted 3 = delivered 6")
        #expect(result.output.split(separator: "\n").sorted() == ["A", "B", "C"])
        #expect(try folder.lines("right").sorted() == ["A", "B", "C"])
    }

    @Test func ports() async throws {
        let folder = try Folder()
        let pipeline = TestPipeline(
            stages: [#""name": "work", "script": "work.lua""#],
            sinks: [
                #""name": "plain", "type": "stdout", "format": "lines""#,
                #""name": "odd", "type": "file", "path": "odd", "format": "lines", "inputs": ["work.odd"]"#,
            ]
        )
        let script = """
            return {
              ports = { "odd" },
              handle = function(line, ctx)
                local number = tonumber(line)
                if number % 2 == 1 then ctx:emit(line, { to = "odd" }) else return line end
                if number == 3 then ctx:emit("three") end
              end,
            }
            """
        let result = try await folder.run(pipeline, script: script, input: "1\n2\n3\n4\n")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "2\nthree\n4\n")
        #expect(try folder.lines("odd") == ["1", "3"])
        #expect(result.books == "taken 4 + emitted 1 = delivered 5")
    }
}
