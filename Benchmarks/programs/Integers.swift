import Synchronization
import Tidemill

/// The integers from 0, as fast as there is room for them.
func integers(_ count: Int) -> PipelineNode {
    .source("integers") { output in
        var batch = JobBatch()
        for number in 0..<Int64(count) {
            batch.append(.integer(number))
            if batch.count == 256 { try await output.send(&batch) }
        }
        try await output.send(&batch)
    }
}

/// What they add up to.
func sumOfIntegers(_ count: Int) -> Int64 { Int64(count) * Int64(count - 1) / 2 }

/// Adds up the integers that come, so that nothing can win by losing jobs.
final class SumSink: Sink {
    private let total = Atomic<Int64>(0)

    var sum: Int64 { total.load(ordering: .relaxed) }

    func write(_ batch: borrowing SinkBatch) async throws {
        var part: Int64 = 0
        for index in 0..<batch.count {
            if case .integer(let number) = batch.value(at: index) { part &+= number }
        }
        total.add(part, ordering: .relaxed)
    }
}

struct BenchmarkError: Error, CustomStringConvertible {
    let message: String

    var description: String { message }
}
