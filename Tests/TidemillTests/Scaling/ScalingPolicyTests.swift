import Testing

@testable import Tidemill

@Suite struct ScalingPolicyTests {
    @Test func limitsThatMakeNoSenseAreCorrected() {
        let policy = ScalingPolicy(min: 0, max: -1, targetWait: .zero, interval: .zero, patience: .seconds(-1))
        #expect(policy.min == 1)
        #expect(policy.max == 1)
        #expect(policy.targetWait > .zero)
        #expect(policy.interval > .zero)
        #expect(policy.patience == .zero)
    }
}
