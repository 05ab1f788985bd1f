import Testing

@testable import Tidemill

@Suite struct ScalingConfigurationTests {
    private func text(_ workers: String, _ more: String = "") -> String {
        let stage = #"{"name": "s", "type": "upper", "workers": \#(workers)\#(more)}"#
        return ConfigurationFixture.pipeline(stages: stage, more: "")
    }

    private func workers(_ workers: String) throws -> WorkerCount {
        try ConfigurationFixture.load(text(workers)).stages[0].workers
    }

    @Test func aRangeOfWorkers() throws {
        let found = try workers(#"{"min": 2, "max": 8, "target_wait": "1s", "interval": "100ms", "patience": "9s"}"#)
        let policy = ScalingPolicy(
            min: 2,
            max: 8,
            targetWait: .seconds(1),
            interval: .milliseconds(100),
            patience: .seconds(9)
        )
        #expect(found == .scaled(policy) && found.scaling(cores: 4) == policy && found.resolved(cores: 4) == 2)
        #expect("\(found)" == "2 to 8")
        #expect(try workers(#"{"max": 3}"#) == .scaled(ScalingPolicy(max: 3)))
        #expect(try workers("3").scaling(cores: 4) == nil)
    }

    @Test func atMostOneForEachCore() throws {
        let found = try workers(#"{"min": 2, "max": "cores"}"#)
        #expect(found.scaling(cores: 4)?.max == 4 && found.scaling(cores: 1)?.max == 2)
        #expect("\(found)" == "2 to cores")
    }

    @Test func aStageBeginsWithTheFewest() throws {
        let stage = try ConfigurationFixture.load(text(#"{"min": 3, "max": 8}"#)).stages[0]
        let settings = StageSettings(stage, cores: 2)
        #expect(settings.workers == 3 && settings.scaling?.max == 8)
    }

    @Test func whatIsWrongIsReportedWhereItStands() {
        let issues = ConfigurationFixture.issues(text(#"{"min": 9, "max": 8}"#))
        #expect(issues.count == 1 && issues[0].hasSuffix("/stages/0/workers/min: 9 is more than \"max\", which is 8"))
        let missing = ConfigurationFixture.issues(text(#"{"min": 9}"#))
        #expect(missing.count == 1 && missing[0].contains("/stages/0/workers: the field \"max\" is missing"))
        let unknown = ConfigurationFixture.issues(text(#"{"max": 9, "mix": 1}"#))
        #expect(unknown.count == 1 && unknown[0].contains("did you mean"), "\(unknown)")
        let perJob = ConfigurationFixture.issues(text(#"{"max": 9}"#, #", "dispatch": "per_job""#))
        #expect(perJob.count == 1 && perJob[0].contains("/stages/0/workers: with the dispatch `per_job`"), "\(perJob)")
    }
}
