import Testing
import Tidemill
import TidemillTesting

@Suite(.timeLimit(.minutes(5))) struct ResultsTests {
    private func nodes(_ source: ScriptedSource, _ results: Results) -> [PipelineNode] {
        var sink = PipelineNode.sink("out", results)
        sink.channel = ChannelLimits(capacity: 4)
        return [.source("in", source), sink]
    }

    @Test func aLoopReadsAllOfThemInOrder() async throws {
        let results = Results()
        let source = ScriptedSource(values: (0..<1_000).map { .integer($0) })
        let read = Task {
            var values: [Int64] = []
            for await job in results { values.append(job.value.integer ?? -1) }
            return values
        }
        let report = try await runPipeline(nodes(source, results))
        #expect(await read.value == Array(0..<1_000) && report.books[.delivered] == 1_000)
    }

    @Test func aJobIsDeliveredWhenItsReaderIsDoneWithIt() async throws {
        let results = Results()
        let source = ScriptedSource([.send(Job(1)), .send(Job(2)), .untilStopped])
        let report = try await runPipeline(nodes(source, results)) { pipeline in
            let iterator = results.makeAsyncIterator()
            #expect(await iterator.next()?.value == 1)
            #expect(source.acknowledgements.isEmpty)
            #expect(await iterator.next()?.value == 2)
            while source.acknowledgements[0] == nil { await Task.yield() }
            #expect(source.acknowledgements == [0: [.delivered]])
            pipeline.cancel()
            while source.acknowledgements[1] == nil { await Task.yield() }
            // Until here it has the second job.
            withExtendedLifetime(iterator) {}
        }
        #expect(report.books[.delivered] == 1 && report.books[.cancelled] == 1)
    }

    @Test func aReaderThatLeavesHasReadItsLast() async throws {
        let results = Results()
        let source = ScriptedSource(values: (0..<10).map { .integer($0) })
        let report = try await runPipeline(nodes(source, results)) { _ in
            for await job in results where job.value == 4 { break }
            var rest: [Int64] = []
            for await job in results { rest.append(job.value.integer ?? -1) }
            #expect(rest == Array(5..<10))
        }
        #expect(report.books[.delivered] == 10)
    }

    @Test func aSlowReaderHoldsTheSourceBack() async throws {
        let results = Results()
        let source = ScriptedSource(values: (0..<1_000).map { .integer($0) }, batch: 1)
        _ = try await runPipeline(nodes(source, results)) { pipeline in
            let iterator = results.makeAsyncIterator()
            _ = await iterator.next()
            for _ in 0..<1_000 { await Task.yield() }
            #expect(source.sentCount < 40)
            pipeline.cancel()
        }
    }

    @Test func severalReadersShareThem() async throws {
        let results = Results()
        let source = ScriptedSource(values: (0..<1_000).map { .integer($0) })
        let readers = (0..<3).map { _ in
            Task {
                var values: [Int64] = []
                for await job in results { values.append(job.value.integer ?? -1) }
                return values
            }
        }
        _ = try await runPipeline(nodes(source, results))
        var all: [Int64] = []
        for reader in readers { all += await reader.value }
        #expect(all.sorted() == Array(0..<1_000))
    }

    @Test func aReadersTaskThatIsCancelledReadsNoMore() async throws {
        let results = Results()
        let source = ScriptedSource([.untilStopped])
        _ = try await runPipeline(nodes(source, results)) { pipeline in
            let reader = Task { await results.makeAsyncIterator().next() }
            reader.cancel()
            #expect(await reader.value == nil)
            pipeline.drain()
        }
    }
}
