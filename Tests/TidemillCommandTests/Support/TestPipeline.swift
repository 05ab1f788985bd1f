import Foundation
import TestSupport

/// A pipeline of a test: the fields of its nodes as the file has them, by default from standard input to output.
struct TestPipeline {
    var sources = [#""name": "in", "type": "stdin""#]
    var stages: [String] = []
    var sinks = [#""name": "out", "type": "stdout", "format": "lines""#]
    var more = [#""dead_letters": {"type": "file", "path": "dead.jsonl"}"#]

    var text: String {
        func list(_ nodes: [String]) -> String { "[" + nodes.map { "{\($0)}" }.joined(separator: ",\n  ") + "]" }
        let parts = [#""name": "test""#, #""sources": "# + list(sources), #""stages": "# + list(stages)]
        return "{" + (parts + [#""sinks": "# + list(sinks)] + more).joined(separator: ",\n ") + "}\n"
    }

    /// From a source through the stage `work`, which runs `work.lua`.
    static func scripted(_ stageFields: String = "", source: String = #""type": "stdin""#) -> TestPipeline {
        let fields = stageFields.isEmpty ? "" : ", " + stageFields
        return TestPipeline(
            sources: [#""name": "in", "# + source],
            stages: [#""name": "work", "script": "work.lua""# + fields]
        )
    }
}

extension Folder {
    /// Writes the pipeline to `c.json`, and its script, if it has one.
    func write(_ pipeline: TestPipeline, script: String? = nil) throws {
        try write(pipeline.text, to: "c.json")
        if let script { try write(script, to: "work.lua") }
    }

    func run(
        _ pipeline: TestPipeline,
        script: String? = nil,
        _ arguments: [String] = [],
        input: String? = nil
    ) async throws -> Program.Result {
        try write(pipeline, script: script)
        return try await Program.run(["run", "c.json"] + arguments, in: url, input: input)
    }

    func start(_ pipeline: TestPipeline, script: String? = nil) throws -> Running {
        try write(pipeline, script: script)
        return try Program.start(["run", "c.json"], in: url)
    }

    /// What `validate` says, a line for each problem.
    func problems(_ pipeline: TestPipeline, script: String? = nil) async throws -> [String] {
        try write(pipeline, script: script)
        let result = try await Program.run(["validate", "c.json"], in: url)
        return result.status == 0 ? [] : result.errors.split(separator: "\n").map(String.init)
    }
}

/// A gate for scripts: `wait(ctx)` says "holding" in the log and comes back when the test opens the gate.
///
/// The stage needs `Gate.capability`.
enum ScriptGate {
    static let capability = #""capabilities": {"read": ["gate"]}"#
    static let lua = """
        local function wait(ctx)
          ctx.log.info("holding")
          while require("file").read("gate") ~= "open" do ctx:sleep(0.005) end
        end

        """
}

extension Folder {
    func closeGate() throws { try write("shut", to: "gate") }

    func openGate() throws { try write("open", to: "gate") }
}
