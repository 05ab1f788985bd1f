import Foundation
import TestSupport
import Testing
import Tidemill

/// What SIGUSR1 shows.
@Suite(.timeLimit(.minutes(10)))
struct InspectionTests {
    /// The objects in what a run has written to standard error.
    private func inspections(_ errors: String) throws -> [Value] {
        var found: [Value] = []
        var object = ""
        for line in errors.split(separator: "\n") where line.hasPrefix(#"{"tidemill""#) || !object.isEmpty {
            object += line
            if let value = try? Value(json: object) {
                found.append(value)
                object = ""
            }
        }
        return found
    }

    @Test func showsWhereEveryJobIs() async throws {
        let folder = try Folder()
        try folder.closeGate()
        let script = ScriptGate.lua + "return function(line, ctx) wait(ctx) return line end"
        let pipeline = TestPipeline.scripted(#""workers": 2, "timeout": "500s", "# + ScriptGate.capability)
        let running = try folder.start(pipeline, script: script)
        running.write((1...30).map { "line \($0)\n" }.joined())
        try await running.waitForError("holding")
        running.send(signal: SIGUSR1)
        try await running.waitForError(#""node": "dead_letters""#)
        try folder.openGate()
        let result = await running.end()
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.books == "taken 30 + emitted 0 = delivered 30")
        let seen = try #require(try inspections(result.errors).first, "\(result.errors)")
        #expect(seen["phase"]?.text == "running" && seen["pipeline"]?.text == "test")
        let source = try #require(seen["sources"]?[0])
        #expect(source["source"]?.text == "in" && source["oldest"]?["id"]?.text == "in-1")
        #expect(source["in_flight"]?.integer == seen["books"]?["taken"]?.integer)
        let nodes = try #require(seen["nodes"]?.elements)
        #expect(nodes.map { $0["node"]?.text } == ["work", "out", "dead_letters"])
        let workers = try #require(nodes[0]["workers"]?.elements)
        let worker = try #require(workers.first { $0["job"]?["id"]?.text == "in-1" }, "\(workers)")
        #expect(worker["state"]?.text == "at_work" && worker["attempt"]?.integer == 1)
        #expect((worker["time_left"]?.number ?? 0) > 0 && (worker["working_for"]?.number ?? -1) >= 0)
        #expect(nodes[0]["channel"]?["capacity"]?.integer == 1_024)
    }

    /// From its first moment to its last: nobody dies of a look.
    @Test func isSafeAtAnyMoment() async throws {
        let folder = try Folder()
        let source = #""type": "generate", "template": "x{{index}}", "count": 20000"#
        let script = """
            return { init = function(ctx) local x = 0 for i = 1, 2e6 do x = x + i end end,
              handle = function(line) return line end }
            """
        try folder.write(.scripted(source: source), script: script)
        let shell = #"""
            "$0" run c.json 2> errors > output & run=$!
            until [ "$(readlink /proc/$run/exe)" = "$(readlink -f "$0")" ] \
              && grep -qE 'Sig(Ign|Cgt):.*[2367abef][0-9a-f]{2}$' /proc/$run/status; do :; done
            while kill -USR1 $run 2> /dev/null; do :; done
            wait $run
            """#
        let result = try await folder.run("bash", ["-c", shell, Program.binary.path])
        let errors = try folder.read("errors")
        #expect(result.status == 0, "\(errors.suffix(2_000))")
        #expect(errors.contains("= delivered 20,000"))
        #expect(try folder.lines("output").count == 20_000)
        #expect(errors.contains(#"{"tidemill": "inspection""#))
    }
}
