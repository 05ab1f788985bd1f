import Testing

@testable import Tidemill

@Suite struct RateConfigurationTests {
    private func load(_ stages: String, limits: String? = nil) throws -> PipelineConfiguration {
        try ConfigurationFixture.load(text(stages, limits: limits))
    }

    private func text(_ stages: String, limits: String? = nil) -> String {
        let more = limits.map { ",\n \"rate_limits\": \($0)" } ?? ""
        return ConfigurationFixture.pipeline(stages: stages, more: more)
    }

    private func stage(_ name: String, _ limit: String) -> String {
        #"{"name": "\#(name)", "type": "upper", "rate_limit": \#(limit)}"#
    }

    @Test func aStageHasALimitOfItsOwn() throws {
        let limit =
            #"{"count": 100, "interval": "1m", "burst": 5, "per_key": true, "overflow": "shed"}"#
        let own = try load(stage("s", limit)).stages[0].rateLimit
        #expect(own?.name == nil)
        #expect(own?.limit == RateLimit(100, per: .seconds(60), burst: 5, isPerKey: true, overflow: .shed))

        let short = try load(stage("s", #"{"count": 7, "interval": "1s"}"#)).stages[0].rateLimit
        #expect(short?.limit == RateLimit(7, per: .seconds(1)))
        #expect(short?.limit.burst == 7 && short?.limit.overflow == .block)
        #expect(try load(#"{"name": "s", "type": "upper"}"#).stages[0].rateLimit == nil)
    }

    @Test func stagesShareALimitByItsName() throws {
        let stages = [stage("a", #""api""#), stage("b", #""api""#), stage("c", #""disk""#)].joined(separator: ", ")
        let limits = #"{"disk": {"count": 2, "interval": "1s"}, "api": {"count": 1, "interval": "1s"}}"#
        let pipeline = try load(stages, limits: limits)
        #expect(pipeline.rateLimits.map(\.name) == ["disk", "api"])
        #expect(pipeline.stages.map(\.rateLimit?.name) == ["api", "api", "disk"])
        #expect(pipeline.stages.map(\.rateLimit?.limit.count) == [1, 1, 2])

        let shared = pipeline.sharedRateLimits
        let askers = pipeline.stages.compactMap { $0.rateLimit?.limit(among: shared).asker() }
        #expect(askers[0].take(1, now: .zero).count == 1)
        #expect(askers[1].take(1, now: .zero).count == 0)
        #expect(askers[2].take(3, now: .zero).count == 2)
    }

    @Test func anUnknownNameIsReportedWhereItStands() {
        let limits = #"{"api": {"count": 1, "interval": "1s"}, "disk": {"count": 1, "interval": "1s"}}"#
        #expect(
            ConfigurationFixture.issues(text(stage("s", #""appi""#), limits: limits)) == [
                "c.json:2:58: /stages/0/rate_limit: there is no rate limit \"appi\" (hint: did you mean \"api\"?)"
            ]
        )
        #expect(
            ConfigurationFixture.issues(text(stage("s", #""network""#), limits: limits)) == [
                "c.json:2:58: /stages/0/rate_limit: there is no rate limit \"network\" (hint: rate limits: api, disk)"
            ]
        )
        #expect(
            ConfigurationFixture.issues(text(stage("s", #""api""#))) == [
                "c.json:2:58: /stages/0/rate_limit: there is no rate limit \"api\" "
                    + "(hint: add \"rate_limits\": {…} beside \"stages\")"
            ]
        )
    }

    @Test func aNameThatIsASecretIsNotShown() {
        let issues = ConfigurationFixture.issues(
            text(stage("s", #"{"$env": "LIMIT"}"#)),
            environment: ["LIMIT": "hunter"]
        )
        #expect(issues.count == 1)
        #expect(issues.first?.contains("there is no rate limit of this name") == true)
        #expect(issues.first?.contains("hunter") == false)
    }

    @Test func whatIsWrongInALimitIsReported() {
        #expect(
            ConfigurationFixture.issues(text(stage("s", #"{"count": 0, "intervall": "1s"}"#))) == [
                "c.json:2:58: /stages/0/rate_limit: the field \"interval\" is missing "
                    + "(hint: it is a duration such as \"250ms\" or \"2s\" from 1ns to 366d, such as \"1s\")",
                "c.json:2:68: /stages/0/rate_limit/count: expected an integer from 1 to 1000000000, found the integer 0",
                "c.json:2:71: /stages/0/rate_limit/intervall: unknown key \"intervall\" "
                    + "(hint: did you mean \"interval\"?)",
            ]
        )
        #expect(
            ConfigurationFixture.issues(text(stage("s", #""api""#), limits: #"{"api": 7, "Disk": {}}"#)).map {
                $0.prefix { $0 != "(" }
            } == [
                "c.json:4:25: /rate_limits/api: expected an object, found the integer 7",
                "c.json:4:28: /rate_limits/Disk: expected a name ",
                "c.json:4:36: /rate_limits/Disk: the field \"count\" is missing ",
                "c.json:4:36: /rate_limits/Disk: the field \"interval\" is missing ",
            ],
            "and not that there is no such limit"
        )
    }

    @Test func theDumpAndTheSchemaAndTheReferenceHaveIt() throws {
        let pipeline = try load(stage("s", #""api""#), limits: #"{"api": {"count": 1, "interval": "60s"}}"#)
        let again = try ConfigurationFixture.load(pipeline.redactedJSON)
        #expect(again.redactedJSON == pipeline.redactedJSON)
        #expect(again.rateLimits == pipeline.rateLimits)

        let limits = JSONSchema.document(ConfigurationFixture.registry)["properties"]?["rate_limits"]
        #expect(limits?["propertyNames"]?["pattern"] == "^[a-z][a-z0-9_-]*$")
        #expect(limits?["additionalProperties"]?["required"]?.json == #"["count","interval"]"#)

        let page = ConfigurationFixture.registry.referenceMarkdown
        #expect(page.contains("| `rate_limits` | map of object by name | `{}` |"))
        #expect(page.contains("| `rate_limits.<name>.count` | integer 1…1000000000 | required |"))
        #expect(page.contains("| `rate_limit` | name \\| object |"))
        #expect(page.contains("| `rate_limit.overflow` | \"block\" \\| \"shed\" | `\"block\"` |"))
    }
}
