import Testing
import Tidemill
import TidemillTesting

/// How a stage's `dispatch`, `order`, `key` and `max_per_key` are read, and which of them don't go together.
@Suite struct DispatchConfigurationTests {
    private func text(_ fields: String) -> String {
        ConfigurationFixture.pipeline(stages: #"{"name":"s","script":"s.lua",\#(fields)}"#)
    }

    private func stage(_ fields: String) throws -> StageConfiguration {
        let registry = ConfigurationFixture.registry
        return try PipelineConfiguration.load(bytes: text(fields).utf8, file: "c.json", registry: registry).stages[0]
    }

    @Test func theDefaults() throws {
        let stage = try stage(#""workers":4"#)
        #expect(stage.dispatch == .shared && stage.order == .none && stage.keyPath == nil && stage.maxPerKey == nil)
    }

    @Test(arguments: DispatchMode.allCases, JobOrder.allCases)
    func everyDispatchGoesWithEveryOrder(dispatch: DispatchMode, order: JobOrder) throws {
        let fields = #""dispatch":"\#(dispatch.rawValue)","order":"\#(order.rawValue)","max_per_key":2"#
        let stage = try stage(fields)
        #expect(stage.dispatch == dispatch && stage.order == order && stage.maxPerKey == 2)
    }

    @Test func aKeyIsFoundInTheValue() throws {
        let path = try #require(try stage(#""key":"user.id""#).keyPath)
        #expect(path.key(in: ["user": ["id": "ann"]]) == "ann")
        #expect(path.key(in: ["user": ["id": 7]]) == "7")
        #expect(path.key(in: ["user": ["id": true]]) == nil)
        #expect(path.key(in: ["user": "ann"]) == nil)
        #expect(path.key(in: 7) == nil)
    }

    @Test(arguments: [
        (
            #""dispatch":"fair""#,
            #"/stages/0/dispatch: expected "shared", "idle", "key" or "per_job", found the string "fair""#
        ),
        (#""order":"keys""#, #"/stages/0/order: expected "none", "key" or "input", found the string "keys""#),
        (#""max_per_key":0"#, "/stages/0/max_per_key: expected an integer from 1 to 4096, found the integer 0"),
        (#""key":"""#, "/stages/0/key: expected a string that is not empty"),
        (#""key":1"#, "/stages/0/key: expected a string"),
    ])
    func wrongOnesAreReported(fields: String, message: String) {
        let issues = ConfigurationFixture.issues(text(fields))
        #expect(issues.count == 1 && issues[0].contains(message), "\(issues)")
    }

    private static let noRoom =
        "/stages/0/channel: nothing is queued at a capacity of 0, so jobs of one key can't be kept apart; give the channel "
        + "a capacity of at least 1"
    private static let gap =
        "/stages/0/order: a job that `drop_oldest` takes out of the middle leaves a gap in the order of the input that is "
        + "never filled; use `drop_newest`, or the order `key`"
    private static let idle =
        "/stages/0/dispatch: `idle` gives a worker one job at a time, and a `batch` is many; use `shared`"
    private static let scattered =
        "/stages/0/order: where jobs of one key are kept apart, those of a `batch` have not come one after the other and "
        + "can't be put back into the order of the input; use the order `key`"
    private static let middle =
        "/stages/0/retry: a `batch` is one piece of work: a job that failed in its middle can't be tried again before "
        + "those of its key that came after it and are done; use the order `none`, or no retry"

    @Test(arguments: [
        (#""dispatch":"key","channel":{"capacity":0}"#, [noRoom]),
        (#""order":"key","channel":{"capacity":0}"#, [noRoom]),
        (#""max_per_key":2,"channel":{"capacity":0}"#, [noRoom]),
        (#""dispatch":"idle","order":"input","channel":{"capacity":0}"#, []),
        (#""dispatch":"per_job","channel":{"capacity":0,"overflow":"reject"}"#, []),
        (#""dispatch":"key","order":"input","channel":{"overflow":"drop_oldest"}"#, [gap]),
        (#""max_per_key":2,"order":"input","channel":{"overflow":"drop_oldest"}"#, [gap]),
        (#""order":"input","channel":{"overflow":"drop_oldest"}"#, []),
        (#""order":"key","channel":{"overflow":"drop_oldest"}"#, []),
        (#""dispatch":"key","order":"input","channel":{"overflow":"drop_newest"}"#, []),
        (#""dispatch":"idle","batch":{}"#, [idle]),
        (#""max_per_key":1,"order":"input","batch":{}"#, [scattered]),
        (#""order":"key","retry":{},"batch":{}"#, [middle]),
        (#""order":"input","retry":{},"batch":{}"#, []),
        (#""order":"key","batch":{}"#, []),
    ])
    func whatCannotBeHadTogether(fields: String, expected: [String]) {
        let issues = ConfigurationFixture.issues(text(fields))
        #expect(issues.count == expected.count, "\(issues)")
        for (issue, message) in zip(issues, expected) { #expect(issue.contains(message), "\(issue)") }
    }

    /// A pipeline that a program makes hears the same.
    @Test func aProgramHearsOfItToo() {
        var settings = StageSettings(workers: 2, dispatch: .key)
        settings.key = { $0.key }
        var stage = PipelineNode.stage("work", settings) { job, _ in job.value }
        stage.channel = ChannelLimits(capacity: 0)
        let nodes = [.source("in", ScriptedSource([])), stage, .sink("out", CollectingSink())]
        let error = #expect(throws: PipelineError.self) { try Pipeline(name: "test", nodes: nodes, options: .quiet) }
        #expect(error?.code == .wiring && error?.description.contains("jobs of one key can't be kept apart") == true)
    }
}
