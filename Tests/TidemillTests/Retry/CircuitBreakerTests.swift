import Testing

@testable import Tidemill

@Suite struct CircuitBreakerTests {
    private let policy = BreakerPolicy(
        failureRatio: 0.5,
        minJobs: 4,
        window: .seconds(10),
        pause: .seconds(5),
        maxPause: .seconds(12)
    )

    @Test func opensWhenEnoughOfEnoughFail() {
        var breaker = CircuitBreaker(policy)
        #expect(breaker.record(succeeded: 0, failed: 3, now: .zero) == nil, "three are too few")
        #expect(breaker.record(succeeded: 4, failed: 0, now: .zero) == nil)
        #expect(breaker.record(succeeded: 0, failed: 1, now: .zero) == .shut(until: .seconds(5)))
        #expect(!breaker.isClosed)
    }

    @Test func whatIsOldDoesNotCount() {
        var breaker = CircuitBreaker(policy)
        #expect(breaker.record(succeeded: 0, failed: 3, now: .seconds(1)) == nil)
        #expect(breaker.record(succeeded: 0, failed: 1, now: .seconds(12)) == nil)
        #expect(breaker.record(succeeded: 0, failed: 2, now: .seconds(13)) == nil)
        #expect(breaker.record(succeeded: 0, failed: 1, now: .seconds(14)) == .shut(until: .seconds(19)))
    }

    @Test func aTrialDecides() {
        var breaker = CircuitBreaker(policy)
        #expect(breaker.record(succeeded: 0, failed: 4, now: .zero) == .shut(until: .seconds(5)))
        #expect(breaker.record(succeeded: 9, failed: 9, now: .seconds(1)) == nil, "those under way decide nothing")
        #expect(breaker.wake(now: .seconds(4)) == nil)
        #expect(breaker.wake(now: .seconds(5)) == .trial)
        #expect(breaker.wake(now: .seconds(5)) == nil)
        #expect(breaker.record(succeeded: 0, failed: 0, now: .seconds(6)) == .trial, "an expired job is no trial")
        #expect(breaker.record(succeeded: 0, failed: 1, now: .seconds(6)) == .shut(until: .seconds(16)), "doubled")
        #expect(breaker.wake(now: .seconds(16)) == .trial)
        #expect(breaker.record(succeeded: 0, failed: 1, now: .seconds(16)) == .shut(until: .seconds(28)), "limited")
        #expect(breaker.wake(now: .seconds(28)) == .trial)
        #expect(breaker.record(succeeded: 1, failed: 0, now: .seconds(28)) == .open)
        #expect(breaker.isClosed)
        #expect(breaker.record(succeeded: 0, failed: 3, now: .seconds(28)) == nil, "it begins anew")
        #expect(breaker.record(succeeded: 0, failed: 1, now: .seconds(28)) == .shut(until: .seconds(33)))
    }

    /// Whatever comes in whatever order: a shut breaker has a time to wake, and is woken into a trial.
    @Test func everySequenceOfEventsLeavesAWayOut() {
        enum Event: CaseIterable { case success, failure, nothing, wake }
        var sequences: [[Event]] = [[]]
        for _ in 0..<7 { sequences = sequences.flatMap { head in Event.allCases.map { head + [$0] } } }
        for events in sequences {
            var breaker = CircuitBreaker(BreakerPolicy(failureRatio: 0.5, minJobs: 1, pause: .seconds(1)))
            var gate = CircuitBreaker.Gate.open
            for (second, event) in events.enumerated() {
                let now = Duration.seconds(100 * second)
                let move =
                    switch event {
                    case .success: breaker.record(succeeded: 1, failed: 0, now: now)
                    case .failure: breaker.record(succeeded: 0, failed: 1, now: now)
                    case .nothing: breaker.record(succeeded: 0, failed: 0, now: now)
                    case .wake: breaker.wake(now: now)
                    }
                gate = move ?? gate
                #expect((gate == .open) == breaker.isClosed, "\(events)")
            }
            if case .shut(let until) = gate { #expect(breaker.wake(now: until) == .trial, "\(events)") }
        }
    }
}
