import Foundation
import Testing
import TidemillTesting

@testable import Tidemill

@Suite(.timeLimit(.minutes(10))) struct DeadLetterTests {
    @Test func aRecordComesBack() throws {
        var letter = DeadLetter.sample(value: ["a": .string(Bytes([0xFF]))], metadata: ["m": 1.0])
        #expect(try DeadLetter(record: Value(json: letter.record.json())) == letter)
        #expect(
            letter.record.fields?.map(\.key) == ["id", "job", "value", "stage", "error", "attempts", "script", "at"]
        )
        letter.traceback = "a\n\tb"
        letter.script = ScriptIdentity(path: "work.lua", sha256: "00")
        letter.replayed = 2
        letter.replaces = DeadLetterID(.now, random: .max)
        #expect(try DeadLetter(record: Value(json: letter.record.json())) == letter)
    }

    @Test func whatIsNoRecord() throws {
        let record = DeadLetter.sample(value: 1).record
        for field in ["id", "job", "value", "stage", "error", "at"] {
            let rest = Value.table((record.fields ?? []).filter { $0.key != field })
            let problem = #expect(throws: DeadLetterProblem.self) { try DeadLetter(record: rest) }
            #expect(problem?.description == "it has no \"\(field)\"")
        }
        #expect(throws: DeadLetterProblem.self) { try DeadLetter(record: 1) }
    }

    @Test func namesSortByTimeAndComeBack() {
        var random = SeededRandom(seed: 1)
        var last = ""
        for second in 0..<1000 {
            let id = DeadLetterID(Date(timeIntervalSince1970: Double(second) * 1e6), random: random.next())
            #expect(id.description > last && DeadLetterID(id.description) == id)
            last = id.description
        }
        #expect(DeadLetterID(.distantPast, random: .max).description == "0000000000fzzzzzzzzzzzz")
        #expect(DeadLetterID("0000000000zzzzzzzzzzzzz") == nil, "more than 64 bits")
        for text in ["", "short", "0000000000fzzzzzzzzzzzz0", "0000000000fzzzzzzzzzzzu"] {
            #expect(DeadLetterID(text) == nil)
        }
    }

    @Test func times() {
        let date = Date(timeIntervalSince1970: 1_704_067_200.25)
        #expect(LetterTime.text(date) == "2024-01-01T00:00:00.250Z")
        #expect(LetterTime.date("2024-01-01T00:00:00.250Z") == date)
        #expect(LetterTime.date("2024-01-01T00:00:01Z") == date.addingTimeInterval(0.75))
        #expect(LetterTime.date("2024-01-01") == date.addingTimeInterval(-0.25))
        for text in ["", "2024", "2024-01-01T00:00:01Zx", "2024-01-01x", "yesterday"] {
            #expect(LetterTime.date(text) == nil)
        }
    }

    /// Attempts are kept by the pipeline's clock; a letter has the time of day.
    @Test func attemptsWithTheirTimes() throws {
        let clock = ManualClock()
        clock.advance(by: .seconds(10))
        let attempts = [Attempt(end: 1_500_000_000, message: "first"), Attempt(end: 9_000_000_000, message: "second")]
        let job = Job(value: 1, details: JobDetails(key: "k", attempts: attempts))
        let record = DeadLetter.record(
            Delivery(job, ticket: Ticket(source: 0, sequence: 0)),
            JobFailure(.timeout, "third", traceback: "where"),
            job: "in-1",
            stage: "work",
            script: nil,
            clock: clock,
            random: 5
        )
        let letter = try DeadLetter(record: record)
        #expect(letter.attempts.map(\.error) == ["first", "second", "third"])
        let times = ["2024-01-01T00:00:01.500Z", "2024-01-01T00:00:09.000Z", "2024-01-01T00:00:10.000Z"]
        #expect(letter.attempts.map(\.at) == times && letter.at == times[2])
        #expect(letter.id == DeadLetterID(clock.date, random: 5))
        #expect(letter.kind == "timeout" && letter.traceback == "where" && letter.key == "k")
    }

    /// Nothing in a letter comes from anywhere but the clock and the random numbers of the options.
    @Test func theSameRunGivesTheSameLetters() async throws {
        func letters() async throws -> [Value] {
            let sink = CollectingSink()
            var options = PipelineOptions.quiet
            options.clock = ManualClock()
            let numbers = Counter()
            options.random = {
                numbers.add(1)
                return UInt64(numbers.value)
            }
            let nodes: [PipelineNode] = [
                .source("in") { output in for number in 0..<5 { try await output.send(.integer(Int64(number))) } },
                .stage("work", transform: { _ in throw JobFailure(.handler, "no") }),
                .sink("out") { _ in },
            ]
            _ = try await runPipeline(nodes, deadLetters: sink, options: options)
            return sink.values
        }
        let first = try await letters()
        #expect(first.count == 5 && Set(first.compactMap { $0["id"]?.text }).count == 5)
        #expect(try await letters() == first)
    }
}
