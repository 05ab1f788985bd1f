import Foundation
import Testing
import Tidemill
import TidemillScripting
import TidemillTesting

/// Stages of a program whose script is in a file.
@Suite(.timeLimit(.minutes(1)))
struct ScriptPathTests {
    @Test func theScriptIsReadAndFindsWhatLiesBesideIt() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tidemill-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try "return { word = 'hello' }".write(
            to: folder.appendingPathComponent("words.lua"),
            atomically: true,
            encoding: .utf8
        )
        let script = folder.appendingPathComponent("greet.lua")
        try "local words = require 'words'\nreturn function(name) return words.word .. ' ' .. name end"
            .write(to: script, atomically: true, encoding: .utf8)
        let sink = CollectingSink()
        let stage = try PipelineNode.script("greet", path: script.path)
        let report = try await runPipeline([
            .source("in", ScriptedSource(values: ["Ada"])), stage, .sink("out", sink),
        ])
        #expect(report.failure == nil)
        #expect(sink.values == ["hello Ada"])
    }

    @Test func aFileThatIsMissingIsNamed() {
        let error = #expect(throws: ScriptError.self) { try PipelineNode.script("greet", path: "/none/greet.lua") }
        #expect(error?.description == "/none/greet.lua: no such file or directory")
    }
}
