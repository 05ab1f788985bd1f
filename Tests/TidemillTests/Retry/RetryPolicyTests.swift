import Testing
import TidemillTesting

@testable import Tidemill

@Suite struct RetryPolicyTests {
    private var random = SeededRandom(seed: 7)

    private mutating func delay(_ policy: RetryPolicy, _ failures: Int, _ advice: JobFailure.Advice = .policy)
        -> Duration?
    {
        policy.delay(
            after: JobFailure(.handler, "no", advice: advice),
            failures: failures,
            elapsed: .zero,
            random: &random
        )
    }

    @Test mutating func waitsDoubleUpToALimit() {
        let policy = RetryPolicy(
            maxAttempts: 9,
            initialInterval: .milliseconds(100),
            maxInterval: .milliseconds(500),
            jitter: false
        )
        let waits = (1...9).map { delay(policy, $0) }
        #expect(waits == [100, 200, 400, 500, 500, 500, 500, 500].map { .milliseconds($0) } + [nil])
    }

    @Test mutating func jitterDrawsFromNothingToTheWait() {
        let policy = RetryPolicy(initialInterval: .milliseconds(100))
        let waits = (0..<2_000).compactMap { _ in delay(policy, 1) }
        #expect(waits.count == 2_000 && waits.allSatisfy { $0 >= .zero && $0 <= .milliseconds(100) })
        let mean = waits.reduce(.zero, +) / 2_000
        #expect(mean > .milliseconds(45) && mean < .milliseconds(55))
        #expect(waits.contains { $0 < .milliseconds(5) } && waits.contains { $0 > .milliseconds(95) })
    }

    @Test mutating func whatAScriptAsksForIsWhatItGets() {
        let policy = RetryPolicy(maxAttempts: 2, jitter: false)
        #expect(delay(policy, 1, .retry(after: .seconds(77))) == .seconds(77))
        #expect(delay(policy, 1, .retry(after: nil)) == .milliseconds(200))
        #expect(delay(policy, 2, .retry(after: .seconds(1))) == nil, "the limit of attempts holds")
        #expect(delay(policy, 1, .never) == nil && delay(policy, 1, .reject) == nil)
    }

    @Test mutating func nothingStartsAfterMaxElapsed() {
        let policy = RetryPolicy(maxAttempts: 99, maxElapsed: .seconds(10), jitter: false)
        let failure = JobFailure(.handler, "no", advice: .retry(after: .seconds(4)))
        for (elapsed, expected) in [(0, true), (6, true), (7, false)] {
            let wait = policy.delay(after: failure, failures: 1, elapsed: .seconds(elapsed), random: &random)
            #expect((wait != nil) == expected)
        }
    }

    @Test(arguments: [
        (JobFailure.Kind.handler, true), (.timeout, true), (.sink, true), (.init(rawValue: "own"), true),
        (.memory, false), (.emissions, false), (.outputBytes, false), (.instructions, false), (.input, false),
        (.stuck, false),
    ]) func onlyWhatMayPassIsTriedAgain(kind: JobFailure.Kind, isTransient: Bool) {
        #expect(RetryPolicy.isTransient(JobFailure(kind, "no")) == isTransient)
        #expect(RetryPolicy.isTransient(JobFailure(kind, "no", advice: .retry(after: nil))))
        #expect(!RetryPolicy.isTransient(JobFailure(kind, "no", advice: .never)))
    }

    @Test func theBudgetMakesRetriesWaitAndLosesNone() {
        var budget = RetryBudget(RetryPolicy(budgetPerSecond: 2, budgetRatio: 0.5), now: .zero)
        // Ten seconds' worth is there from the start.
        #expect((0..<20).allSatisfy { _ in budget.withdraw(now: .zero) == .zero })
        #expect(budget.withdraw(now: .zero) == .milliseconds(500))
        #expect(budget.withdraw(now: .zero) == .seconds(1))
        budget.deposit(4, now: .zero)
        #expect(budget.withdraw(now: .zero) == .milliseconds(500), "four jobs pay for two retries")
        #expect(budget.withdraw(now: .seconds(100)) == .zero)
        budget.deposit(1_000_000, now: .seconds(100))
        let free = (0..<100).prefix { _ in budget.withdraw(now: .seconds(100)) == .zero }.count
        #expect(free == 20, "it does not grow without bound")
    }
}
