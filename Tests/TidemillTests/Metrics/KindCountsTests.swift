import Testing

@testable import Tidemill

/// Failures by kind.
struct KindCountsTests {
    private static func failure(_ kind: JobFailure.Kind) -> (delivery: Delivery, failure: JobFailure) {
        (Delivery(Job(.null), ticket: Ticket(source: 0, sequence: 0)), JobFailure(kind, "no"))
    }

    @Test func kindsBeyondABoundAreOther() {
        let counts = KindCounts()
        for round in 0..<3 {
            counts.add((0..<40).map { Self.failure(JobFailure.Kind(rawValue: "own\($0)")) })
            #expect(counts.all["other"] == 24 * (round + 1))
        }
        counts.add([Self.failure(.timeout), Self.failure(.stuck), Self.failure(.timeout)])
        #expect(counts.all["timeout"] == 2 && counts.all["stuck"] == 1)
        #expect(counts.all.count == 16 + 3 && counts.all.values.reduce(0, +) == 123)
    }
}
