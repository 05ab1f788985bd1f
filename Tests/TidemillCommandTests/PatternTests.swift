import Foundation
import TestSupport
import Testing

/// What each of the patterns in `Examples/patterns` promises; those of stops are in `PatternStopTests`.
///
/// How many are at work at a time shows in the numbers of their workers, each of which does one job at a time, and in
/// the time that a run takes at least.
@Suite(.timeLimit(.minutes(10)))
struct PatternTests {
    private struct Answer: Decodable {
        let path: String
        let worker: Int
    }

    @Test func aTaskPerRequest() async throws {
        let pattern = try Pattern("task-per-request")
        let quick = (1...60).map { "/hash/word\($0)" }
        let result = try await pattern.run(input: ["/report/0.5", "/nowhere"] + quick)
        let answers = try result.values(Answer.self).map(\.path)
        #expect(answers.last == "/report/0.5", "a slow request holds up no other")
        #expect(Set(answers.dropLast()) == Set(quick) && answers.count == 61)
        #expect(try pattern.letters().map(\.kind) == ["not_found"])
    }

    @Test func noMoreTasksThanTheirCeiling() async throws {
        let requests = [String](repeating: "/report/0.1", count: 128)
        let result = try await Pattern("task-per-request").run(input: requests)
        let workers = Set(try result.values(Answer.self).map(\.worker))
        #expect(result.count("delivered") == 128 && workers.isSubset(of: Set(1...64)) && workers.count > 32)
        #expect(try #require(result.seconds) >= 0.2, "128 requests, 64 at a time")
    }

    @Test func aBufferedQueueHoldsItsSourceBack() async throws {
        let result = try await Pattern("buffered-queue").run()
        let lines = try result.values(PatternLine.self)
        #expect(result.books == "taken 2,000 + emitted 0 = delivered 2,000")
        // All but what fits in the queue and in the hands of the source and the worker waits for the worker.
        #expect(lines.intake > 0.3, "the source was not slowed down")
    }

    @Test func noJobWaitsBehindABusyWorker() async throws {
        // Workers that take runs of jobs have learned from the first that a job takes no time.
        let quick = [String](repeating: "0", count: 1_000)
        let pattern = try Pattern("job-worker-dispatcher")
        let result = try await pattern.run(input: quick + ["5"] + quick + ["soon"])
        struct Done: Decodable {
            let seconds: Double
            let worker: Int
        }
        let done = try result.values(Done.self)
        #expect(done.count == 2_001 && done.last?.seconds == 5, "others waited for the busy worker")
        #expect(Set(done.map(\.worker)).isSubset(of: Set(1...5)))
        #expect(try pattern.letters().map(\.value) == ["soon"])
    }

    @Test func resultsSayWhoMadeThemAndWhen() async throws {
        struct Square: Decodable {
            let job: Int
            let number: Int
            let output: Int
            let worker: Int
            let finished: Date
        }
        let start = Date()
        let result = try await Pattern("jobs-and-results").run()
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        let squares = try result.output.split(separator: "\n").map {
            try decoder.decode(Square.self, from: Data($0.utf8))
        }
        #expect(squares.map(\.job).sorted() == Array(0..<10))
        #expect(squares.allSatisfy { $0.output == $0.number * $0.number })
        #expect(Set(squares.map(\.worker)) == [1, 2, 3])
        #expect(squares.allSatisfy { $0.finished > start - 1 && $0.finished <= Date() })
    }

    @Test func aTimeoutReachesALoopAndADeadlineTheQueue() async throws {
        let pattern = try Pattern("timeout")
        let result = try await pattern.run()
        let letters = try pattern.letters()
        // On a busy machine a wait may take longer than the timeout, too.
        #expect(!letters.isEmpty && letters.allSatisfy { $0.kind == "timeout" })
        let (delivered, expired) = (result.count("delivered"), result.count("expired"))
        #expect(delivered > 0 && expired > 0 && delivered + expired + letters.count == 100, "\(result.errors)")
        #expect(delivered <= 3 * 20, "three workers do no more in the time")
        #expect(try !result.values(PatternLine.self).ids.contains(0), "the job that loops")
    }

    @Test func theEntryStopsWhatIsNoTask() async throws {
        let pattern = try Pattern("entry-channel")
        let result = try await pattern.run(
            input: ["upper tide", "fly away", "reverse mill", "count water", "", "upper "]
        )
        #expect(result.count("delivered") == 3)
        for done in [#""result":"TIDE""#, #""result":"llim""#, #""result":5"#] {
            #expect(result.output.contains(done), "\(result.output)")
        }
        let letters = try pattern.letters()
        #expect(letters.map(\.stage) == ["entry", "entry", "entry"])
        #expect(Set(letters.map(\.value)) == ["fly away", "", "upper "])
    }

    @Test func aThousandHeavyJobsOnFiveWorkers() async throws {
        let result = try await Pattern("heavy-jobs").run()
        let lines = try result.values(PatternLine.self)
        #expect(lines.ids.sorted() == Array(0..<1_000))
        #expect(lines.workers == Set(1...5))
        #expect(try #require(result.seconds) >= 0.8, "more than five were at work")
    }

    @Test func tenThousandTasksWithoutAFlood() async throws {
        let result = try await Pattern("no-flood").run()
        let lines = try result.values(PatternLine.self)
        #expect(lines.ids.sorted() == Array(0..<10_000))
        #expect(lines.workers.isSubset(of: Set(1...50)))
        #expect(try #require(result.seconds) >= 0.4, "more than fifty were at work")
        #expect(lines.intake > 0.2, "the source was not slowed down")
    }

    @Test func workersComeWithTheQueue() async throws {
        let result = try await Pattern("dynamic-scaling").run()
        let lines = try result.values(PatternLine.self)
        #expect(lines.ids.sorted() == Array(0..<400))
        #expect(lines.workers.count > 2 && lines.workers.isSubset(of: Set(1...8)))
        #expect(result.errors.contains("1 -> 2 workers"), "the log tells each decision")
    }

    @Test func callsAtARate() async throws {
        let result = try await Pattern("rate-limit").run()
        #expect(try result.values(PatternLine.self).ids.sorted() == Array(0..<30))
        // Ten at once, and the others one every 50 ms.
        #expect(try #require(result.seconds) >= 0.99, "\(result.errors)")
    }

    @Test func aFanOutUnderALimitForEachKey() async throws {
        struct Row: Decodable {
            let request: Int
            let database: String
        }
        let pattern = try Pattern("fan-out")
        let result = try await pattern.run()
        let rows = try result.values(Row.self)
        for database in ["north", "south", "west"] {
            let requests = rows.filter { $0.database == database }.map(\.request)
            #expect(Set(0..<19).isSubset(of: requests) && Set(requests).count == requests.count, "\(database)")
        }
        #expect(try #require(result.seconds) >= 0.38, "a database had more than two queries")
        #expect(try pattern.letters().map(\.message) == ["no such table"])
        // Its siblings are behind others of their databases then.
        #expect(result.count("delivered") == 57 && result.count("cancelled") == 2, "\(result.errors)")
    }
}
