import Foundation
import TestSupport
import Testing

/// The patterns in `Examples/patterns` that are about stops, and about what is not taken.
@Suite(.timeLimit(.minutes(10)))
struct PatternStopTests {
    @Test(arguments: [SIGTERM, SIGINT])
    func aGracefulStopLosesNothing(signal: Int32) async throws {
        struct Square: Decodable {
            let number: Int
            let square: Int
        }
        let pattern = try Pattern("graceful-stop")
        let running = try pattern.start()
        try await running.waitForOutput(#""square":100"#)
        running.send(signal: signal)
        let result = await running.wait()
        #expect(result.status == 0 && result.errors.contains("drained after"), "\(result.errors)")
        let squares = try result.values(Square.self)
        #expect(squares.map(\.number).sorted() == Array(0..<result.count("taken")), "the numbers have a gap")
        #expect(squares.allSatisfy { $0.square == $0.number * $0.number })
        #expect(result.count("delivered") == result.count("taken"))
    }

    @Test func subWorkersQuitWhateverTheyAreAt() async throws {
        let pattern = try Pattern("sub-workers")
        let running = try pattern.start("--leftovers", "left.jsonl")
        for worker in 1...4 {
            try await running.waitForError("worker=\(worker)")
        }
        running.send(signal: SIGTERM)
        let result = await running.wait()
        #expect(result.status == 75 && result.errors.contains("stopped after"), "\(result.errors)")
        for worker in 1...4 {
            #expect(result.errors.contains("worker \(worker) leaves"), "\(result.errors)")
        }
        let (taken, delivered, cancelled) = (
            result.count("taken"), result.count("delivered"), result.count("cancelled")
        )
        #expect(delivered == result.output.split(separator: "\n").count && delivered + cancelled == taken)
        let left = try pattern.folder.lines("left.jsonl")
        #expect(left.count == 1 + cancelled)
        #expect(left.dropFirst().count { $0.contains(#""state":"at_work""#) } == 4)
    }

    @Test func busyWorkersTakeNoMore() async throws {
        let result = try await Pattern("resizable-pool").run()
        #expect(result.status == 75 && result.books == "taken 20 + emitted 0 = delivered 3 + rejected 17")
        #expect(try result.values(PatternLine.self).workers == [1, 2, 3], "\(result.output)")
        #expect(result.errors.contains(#""rejected":17"#), "they are listed")
    }
}
