import Foundation
import Testing
import Tidemill
import TidemillConnectors

@Suite(.timeLimit(.minutes(10))) struct ComponentTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Builds a pipeline of a configuration, as the command does.
    private func pipeline(source: String, sink: String) throws -> Pipeline {
        let text = """
            {"name": "test", "sources": [{"name": "in", \(source)}], "sinks": [{"name": "out", \(sink)}],
             "dead_letters": {"type": "drop"}}
            """
        return try folder.pipeline(text)
    }

    private func issues(source: String = #""type": "stdin""#, sink: String = #""type": "drop""#) throws -> [String] {
        do {
            _ = try pipeline(source: source, sink: sink)
            return []
        } catch let error as ConfigurationError {
            return error.issues.map(\.message)
        }
    }

    @Test func allAreRegistered() {
        #expect(
            Components.connectors.registry.components(of: .source).map(\.type) == [
                "file", "stdin", "directory", "generate",
            ]
        )
        #expect(
            Components.connectors.registry.components(of: .sink).map(\.type) == ["file", "stdout", "directory", "drop"]
        )
    }

    @Test func filesFromAConfiguration() async throws {
        try folder.write("data/1.csv", "a;b\n1;2\n")
        try folder.write("data/2.csv", "a;b\n3;4\n")
        let source = #""type": "file", "path": "data/*.csv", "format": "csv", "delimiter": ";""#
        try await pipeline(source: source, sink: #""type": "file", "path": "out/x.jsonl""#).run()
        #expect(try folder.read("out/x.jsonl") == "{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"3\",\"b\":\"4\"}\n")
        let back = #""type": "file", "path": ["out/x.jsonl"], "format": "json_lines", "max_line": "1KiB""#
        let sink = #""type": "file", "path": "y.csv", "format": "csv", "columns": ["b", "a"], "mode": "append""#
        try await pipeline(source: back, sink: sink).run()
        #expect(try folder.read("y.csv") == "b,a\n2,1\n4,3\n")
    }

    @Test func directoriesFromAConfiguration() async throws {
        try folder.write("in/a.txt", "A")
        let source = #""type": "directory", "path": "in", "pattern": "*.txt""#
        try await pipeline(source: source, sink: #""type": "directory", "path": "out", "file_name": "x-{name}""#).run()
        #expect(try folder.read("out/x-a.txt") == "A")
    }

    @Test func jobsMadeUpByAConfiguration() async throws {
        let source = """
            "type": "generate", "count": 3, "seed": 1, "start": "2024-06-01", "per_second": 1,
            "template": {"n": "{{index}}", "at": "{{time}}", "x": "{{@x}}"}, "values": {"x": ["a"], "y": {"b": 2}}
            """
        try await pipeline(source: source, sink: #""type": "file", "path": "x""#).run()
        #expect(try folder.read("x").hasPrefix("{\"n\":0,\"at\":\"2024-06-01T00:00:00Z\",\"x\":\"a\"}\n{\"n\":1,"))
    }

    @Test func whatOnlyTheComponentSees() throws {
        #expect(try issues() == [])
        #expect(
            try issues(source: #""type": "stdin", "format": "csv", "delimiter": "::""#)
                == ["a delimiter is one ASCII character and no quote or line end"]
        )
        #expect(
            try issues(source: #""type": "stdin", "header": false"#) == ["\"header\" belongs to the format \"csv\""]
        )
        #expect(
            try issues(sink: #""type": "stdout", "format": "csv", "columns": ["a", "a"]"#)
                == ["two columns have one name"]
        )
        #expect(
            try issues(source: #""type": "generate", "template": "{{@none}}""#)
                == ["there is no list \"none\" among the values"]
        )
        #expect(
            try issues(source: #""type": "generate", "template": "", "start": "2024-13-01""#) == ["no moment in UTC"]
        )
        #expect(
            try issues(sink: #""type": "directory", "path": "x", "file_name": "{""#)
                == ["{: the braces of the file's name don't match"]
        )
    }
}
