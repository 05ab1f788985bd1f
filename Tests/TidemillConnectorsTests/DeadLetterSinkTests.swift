import Foundation
import Testing
import Tidemill

@testable import TidemillConnectors

/// The sink `file` in the role of `dead_letters`.
@Suite(.timeLimit(.minutes(10))) struct DeadLetterSinkTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func pipeline(_ letters: String) throws -> Pipeline {
        let text = """
            {"sources": [{"name": "in", "type": "file", "path": "in.jsonl", "format": "json_lines"}],
             "sinks": [{"name": "out", "type": "drop"}], "dead_letters": {"type": "file", "path": "new/dead", \(letters)}}
            """
        try folder.write("in.jsonl", "bad\n")
        return try folder.pipeline(text)
    }

    @Test(arguments: ["", #""mode": "append""#])
    func lettersOfEarlierRunsStay(mode: String) async throws {
        try await pipeline(mode).run()
        try await pipeline(mode).run()
        let lines = try folder.read("new/dead").split(separator: "\n")
        #expect(lines.count == 2 && Set(lines).count == 2)
    }

    @Test func replaceIsRefused() throws {
        let error = #expect(throws: ConfigurationError.self) { try pipeline(#""mode": "replace""#) }
        #expect(error?.issues.map(\.message) == ["it would throw the dead letters of the last run away"])
        #expect(error?.issues.first?.hint?.contains("purge") == true)
    }

    @Test func halfALetterIsCutOff() async throws {
        try folder.write("new/dead", "{\"id\":\"1\"}\n{\"id\":")
        try await pipeline("").run()
        let lines = try folder.read("new/dead").split(separator: "\n")
        #expect(lines.count == 2 && lines.first == "{\"id\":\"1\"}")
    }
}
