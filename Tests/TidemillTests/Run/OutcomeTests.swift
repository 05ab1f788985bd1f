import Testing
import Tidemill
import TidemillTesting

/// What becomes of jobs and of the messages that they were made of.
@Suite(.timeLimit(.minutes(10))) struct OutcomeTests {
    private static func numbers(_ count: Int) -> [Value] { (0..<count).map { .integer(Int64($0)) } }

    @Test(arguments: [1, 4]) func emitsNoneOneOrMany(workers: Int) async throws {
        let source = ScriptedSource(values: Self.numbers(300))
        let sink = CollectingSink()
        let report = try await runPipeline([
            .source("in", source),
            .stage("emit", StageSettings(workers: workers)) { job, context in
                guard let number = job.value.integer else { return nil }
                for copy in 0..<number % 4 { try context.emit(.integer(number * 10 + copy)) }
                return number % 5 == 0 ? .integer(-number) : nil
            },
            .sink("out", sink),
        ])
        let expected = (0..<300 as Range<Int64>).flatMap { number in
            (0..<number % 4).map { number * 10 + $0 } + (number % 5 == 0 ? [-number] : [])
        }
        #expect(sink.integers.sorted() == expected.sorted())
        let filtered = (0..<300).count { $0 % 4 == 0 && $0 % 5 != 0 }
        #expect(report.books[.filtered] == filtered && report.books[.delivered] == expected.count)
        #expect(report.books.emitted == expected.count + filtered - 300)
        #expect(source.messageOutcomes == (0..<300).map { $0 % 4 == 0 && $0 % 5 != 0 ? .filtered : .delivered })
    }

    @Test func keysAndMetadataTravel() async throws {
        let sink = CollectingSink()
        let job = Job("a", key: "k", metadata: ["m": 1])
        _ = try await runPipeline([
            .source("in", ScriptedSource([.send(job)])),
            .stage("copy") { job, context in
                try context.emit("b")
                try context.emit(Job("c", key: "other"))
                return "d"
            },
            .sink("out", sink),
        ])
        #expect(sink.values == ["b", "c", "d"])
        #expect(sink.jobs.map(\.key) == ["k", "other", "k"])
        #expect(sink.jobs.map(\.metadata) == [["m": 1], .null, ["m": 1]])
    }

    @Test func fanOutTakesTheWorstOutcome() async throws {
        let source = ScriptedSource(values: Self.numbers(40))
        let (left, right) = (CollectingSink(), CollectingSink())
        let report = try await runPipeline([
            .source("in", source),
            .stage("left", inputs: ["in"]) { value in value.integer == 3 ? Value?.none : value },
            .sink("leftOut", inputs: ["left"], left),
            Self.stage("right", inputs: ["in"], onError: .reject) { value in
                if value.integer == 7 { throw ScriptedError("seven") }
                return value
            },
            .sink("rightOut", inputs: ["right"], right),
        ])
        #expect(report.failure == nil)
        #expect(report.books.taken == 40 && report.books.emitted == 40)
        #expect(report.books[.delivered] == 78 && report.books[.filtered] == 1 && report.books[.rejected] == 1)
        #expect(source.messageOutcomes == (0..<40).map { $0 == 3 ? .filtered : $0 == 7 ? .rejected : .delivered })
        #expect(left.integers.count == 39 && right.integers.count == 39)
    }

    @Test func diamondsPortsAndSeveralSources() async throws {
        let sources = (0..<3).map { _ in ScriptedSource(values: Self.numbers(100), batch: 7) }
        let (all, odd) = (CollectingSink(), CollectingSink())
        let report = try await runPipeline([
            .source("a", sources[0]), .source("b", sources[1]), .source("c", sources[2]),
            .stage("split", StageSettings(workers: 3)) { job, context in
                if (job.value.integer ?? 0) % 2 == 1 { try context.emit(job.value, to: "odd") }
                return job.value
            },
            .stage("plus", inputs: ["split"], StageSettings(workers: 2)) { .integer(($0.integer ?? 0) + 1000) },
            .stage("minus", inputs: ["split", "split.odd"]) { .integer(($0.integer ?? 0) - 1000) },
            .sink("all", inputs: ["plus", "minus"], all),
            .sink("odd", inputs: ["split.odd"], odd),
        ])
        #expect(report.books.taken == 300 && report.books[.delivered] == 300 + 300 + 150 + 150)
        #expect(all.integers.count == 750 && odd.integers.count == 150)
        for source in sources { #expect(source.messageOutcomes == Array(repeating: .delivered, count: 100)) }
    }

    @Test(arguments: [ErrorPolicy.deadLetter, .reject, .drop]) func failuresGoByPolicy(policy: ErrorPolicy) async throws
    {
        let source = ScriptedSource(values: Self.numbers(50))
        let (sink, letters) = (CollectingSink(), CollectingSink())
        let stage = Self.stage("pick", onError: policy) { value in
            if (value.integer ?? 0) % 5 == 0 { throw JobFailure(.emissions, "too much") }
            return value
        }
        let report = try await runPipeline(
            [.source("in", source), stage, .sink("out", sink)],
            deadLetters: letters
        )
        let outcome: Outcome = [.deadLetter: .deadLettered, .reject: .rejected][policy] ?? .dropped
        #expect(report.failure == nil)
        #expect(report.books[outcome] == 10 && report.books[.delivered] == 40)
        #expect(source.messageOutcomes == (0..<50).map { $0 % 5 == 0 ? outcome : .delivered })
        #expect(letters.values.count == (policy == .deadLetter ? 10 : 0))
        guard policy == .deadLetter else { return }
        #expect(letters.values[1]["value"] == 5 && letters.values[1]["stage"] == "pick")
        #expect(letters.values[1]["error"]?["kind"] == "max_emit" && letters.values[1]["job"]?["id"] == "in-6")
    }

    @Test func stopEndsThePipelineAndHandsTheJobBack() async throws {
        let source = ScriptedSource(values: Self.numbers(500), batch: 1)
        let sink = CollectingSink()
        let report = try await runPipeline([
            .source("in", source),
            Self.stage("pick", onError: .stop) { value in
                if value.integer == 20 { throw ScriptedError("twenty") }
                return value
            },
            .sink("out", sink),
        ])
        #expect(report.failure?.code == .stopped && report.failure?.node == "pick")
        #expect(source.acknowledgements[20] == [.rejected])
        #expect(report.books[.rejected] == 1 && report.books[.delivered] == sink.values.count)
    }

    @Test func aDeadLetterThatCannotBeWrittenStopsThePipeline() async throws {
        for letters in [CollectingSink(failingWrite: 1), CollectingSink(check: { _ in JobFailure(.sink, "no") })] {
            let source = ScriptedSource(values: Self.numbers(50))
            let report = try await runPipeline(
                [
                    .source("in", source),
                    .stage("fail") { value in
                        if value.integer == 9 { throw ScriptedError("nine") }
                        return value
                    },
                    .sink("out", CollectingSink()),
                ],
                deadLetters: letters
            )
            #expect(report.failure?.node == "dead_letters")
            #expect(source.acknowledgements[9] == [.rejected])
            #expect(report.books[.deadLettered] == 0 && letters.calls.closed == 1)
        }
    }

    @Test func messagesThatCannotBeJobsGoByPolicyToo() async throws {
        let source = ScriptedSource([
            .send(Job(1)), .fail(Job("bad"), JobFailure(.input, "not JSON")), .send(Job(2)),
        ])
        let letters = CollectingSink()
        let report = try await runPipeline(
            [.source("in", source), .sink("out", CollectingSink())],
            deadLetters: letters
        )
        #expect(source.messageOutcomes == [.delivered, .deadLettered, .delivered])
        #expect(report.node("in")?.failed == 1 && letters.values.first?["value"] == "bad")
    }

    @Test func whatASinkRefusesFailsAlone() async throws {
        let source = ScriptedSource(values: Self.numbers(30))
        let sink = CollectingSink { $0.value.integer == 4 ? JobFailure(.sink, "four") : nil }
        let letters = CollectingSink()
        let report = try await runPipeline([.source("in", source), .sink("out", sink)], deadLetters: letters)
        #expect(report.failure == nil && report.books[.delivered] == 29 && report.books[.deadLettered] == 1)
        #expect(source.messageOutcomes[4] == .deadLettered)
    }

    @Test func aPortThatNobodyReadsFailsTheJob() async throws {
        let source = ScriptedSource(values: Self.numbers(2), takesJobsBack: true)
        let report = try await runPipeline([
            .source("in", source),
            .stage("emit") { job, context in
                try context.emit(job.value)
                try context.emit(job.value, to: "nowhere")
                return nil
            },
            .sink("out", CollectingSink()),
        ])
        #expect(report.books[.rejected] == 2 && report.books[.delivered] == 0)
    }

    private static func stage(
        _ name: String,
        inputs: [String]? = nil,
        onError: ErrorPolicy,
        transform: @escaping @Sendable (Value) throws -> Value?
    ) -> PipelineNode {
        var node = PipelineNode.stage(name, inputs: inputs, transform: transform)
        node.onError = onError
        return node
    }
}
