import Testing
import Tidemill
import TidemillTesting

@Suite(.timeLimit(.minutes(10))) struct PipelineTests {
    @Test(arguments: [1, 2, 8]) func everyJobGoesThrough(workers: Int) async throws {
        let source = ScriptedSource(values: (0..<1000).map { .integer($0) })
        let sink = CollectingSink()
        let report = try await runPipeline([
            .source("numbers", source),
            .stage("double", StageSettings(workers: workers)) { value in .integer((value.integer ?? 0) * 2) },
            .sink("out", sink),
        ])
        #expect(report.failure == nil)
        #expect(sink.integers.sorted() == (0..<1000).map { $0 * 2 })
        #expect(report.books[.delivered] == 1000 && report.books.taken == 1000 && report.books.emitted == 0)
        #expect(source.messageOutcomes == Array(repeating: .delivered, count: 1000))
        #expect(sink.calls.opened == 1 && sink.calls.closed == 1)
    }
}
