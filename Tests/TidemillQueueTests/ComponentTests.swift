import Foundation
import TestSupport
import Testing
import Tidemill
import TidemillBroker

@testable import TidemillQueue

/// Sources and sinks of type `queue` in configurations, as a user runs them.
@Suite(.timeLimit(.minutes(5)))
struct ComponentTests {
    private func run(
        _ sources: String,
        _ sinks: String,
        in folder: Folder,
        input: String = ""
    ) async throws -> Program.Result {
        let text = #"{"sources": [{"name": "in", \#(sources)}], "stages": [{"name": "work", "script": "work.lua"}], "#
        try folder.write(text + #""sinks": [{"name": "out", \#(sinks)}]}"#, to: "c.json")
        return try await Program.run(["run", "--quiet", "c.json"], in: folder.url, input: input)
    }

    @Test func fromASinkToASource() async throws {
        let folder = try Folder()
        let script = """
            return function(line, ctx)
              ctx:emit(line, {key = "key of " .. line, metadata = {rank = #line, headers = {name = line}}})
            end
            """
        try folder.write(script, to: "work.lua")
        let sink = #""type": "queue", "path": "q.db", "queue": "x", "priority": "{rank}", "unique": "{key}""#
        let pushed = try await run(#""type": "stdin""#, sink, in: folder, input: "a\nccc\nbb\na\n")
        #expect(pushed.status == 0, "\(pushed.errors)")
        let store = QueueStore(folder.file("q.db").path)
        let messages = try store.messages(of: "x")
        #expect(messages.map { String($0.body) } == ["\"a\"", "\"ccc\"", "\"bb\""], "\(messages)")
        #expect(messages.map(\.priority) == [1, 3, 2])

        let joining = """
            return function(v, ctx)
              local m = ctx.job.metadata
              return v .. m.headers.name .. m.deliveries
            end
            """
        try folder.write(joining, to: "work.lua")
        let source = #""type": "queue", "path": "q.db", "queue": "x", "stop_when_empty": true"#
        let taken = try await run(source, #""type": "stdout", "format": "lines""#, in: folder)
        #expect(taken.status == 0 && taken.output == "cccccc1\nbbbb1\naa1\n", "\(taken)")
        #expect(try store.messages(of: "x").isEmpty)
    }

    @Test func deadMessagesAndRetentionAreTheSources() async throws {
        let folder = try Folder()
        try folder.write("return function(v) if v == 2 then error('no', 0) end return v end", to: "work.lua")
        let store = QueueStore(folder.file("q.db").path)
        _ = try store.enqueue(["1", "2", "3"].map { NewMessage(Bytes($0)) }, to: "default")
        let configuration = """
            {
              "sources": [{
                "name": "in", "type": "queue", "path": "q.db", "stop_when_empty": true, "max_deliveries": 1,
                "keep_done": {"count": 9}
              }],
              "stages": [{"name": "work", "script": "work.lua", "on_error": "reject"}],
              "sinks": [{"name": "out", "type": "stdout", "format": "lines"}]
            }
            """
        try folder.write(configuration, to: "c.json")
        let result = try await Program.run(["run", "--quiet", "c.json"], in: folder.url)
        #expect(result.status == 75, "one job was handed back: \(result)")
        let statistics = try store.statistics(of: "default")
        #expect(statistics.counts == [.dead: 1, .done: 2], "\(statistics)")
        #expect(try store.messages(of: "default", in: .dead).first?.lastError?.contains("no") == true)
    }

    @Test func templatesAreChecked() throws {
        var components = Components()
        components.addQueue()
        for field in [#""priority": "{rank""#, #""unique": "{}""#] {
            let place = #""type": "queue", "path": "q""#
            let sink = #"{"name": "out", \#(place), \#(field)}"#
            let text = #"{"sources": [{"name": "in", \#(place)}], "sinks": [\#(sink)]}"#
            let folder = try Folder()
            try folder.write(text, to: "c.json")
            #expect(throws: ConfigurationError.self) {
                let path = folder.file("c.json").path
                let loaded = try PipelineConfiguration.load(path: path, registry: components.registry, environment: [:])
                _ = try Pipeline(loaded, components: components, options: PipelineOptions(clock: SystemClock()))
            }
        }
    }

    @Test func prioritiesAreNumbers() throws {
        let template = QueuePriority.template(try JobTemplate("{rank}", purpose: "the message's priority"))
        #expect(try template.number(for: Job(1, metadata: .table([("rank", 7)]))) == 7)
        #expect(throws: JobFailure.self) { try template.number(for: Job(1, metadata: .table([("rank", "high")]))) }
        #expect(throws: JobFailure.self) { try template.number(for: Job(1)) }
    }
}
