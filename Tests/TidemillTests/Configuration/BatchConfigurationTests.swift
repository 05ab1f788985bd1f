import Testing
import Tidemill
import TidemillTesting

/// A stage's `batch` in a configuration.
@Suite struct BatchConfigurationTests {
    private func stage(_ fields: String) -> String {
        ConfigurationFixture.pipeline(stages: #"{"name":"s","script":"s.lua",\#(fields)}"#)
    }

    private func policy(_ fields: String) throws -> BatchPolicy? {
        let bytes = stage(fields).utf8
        return try PipelineConfiguration.load(bytes: bytes, file: "c.json", registry: ConfigurationFixture.registry)
            .stages[0].batch
    }

    @Test func aPolicyIsRead() throws {
        #expect(try policy(#""workers":1"#) == nil)
        #expect(try policy(#""batch":{}"#) == BatchPolicy(count: 100, bytes: nil, period: .seconds(1)))
        let given = try policy(#""batch":{"count":500,"bytes":"1MiB","period":"250ms"}"#)
        #expect(given == BatchPolicy(count: 500, bytes: 1 << 20, period: .milliseconds(250)))
        #expect(try policy(#""batch":{"count":1024,"period":"0s"}"#)?.period == .zero)
        #expect(try policy(#""batch":{"count":8},"channel":{"capacity":8}"#)?.count == 8)
    }

    @Test(arguments: [
        (
            #""batch":{"count":9},"channel":{"capacity":8}"#,
            "/stages/0/batch/count: a batch of 9 jobs never comes together: the channel in front of the stage holds 8 "
                + #"(hint: a smaller "count", or a larger "capacity" of "channel")"#
        ),
        (
            #""batch":{},"channel":{"capacity":0}"#,
            "/stages/0/batch: a batch of 100 jobs never comes together: the channel in front of the stage holds 0 "
                + #"(hint: a smaller "count", or a larger "capacity" of "channel")"#
        ),
        (#""batch":{"count":0}"#, "/stages/0/batch/count: expected an integer from 1 to 1048576, found the integer 0"),
        (#""batch":{"size":1}"#, #"/stages/0/batch/size: unknown key "size""#),
        (#""batch":true"#, "/stages/0/batch: expected an object, found true"),
        (#""batch":{"period":1}"#, "/stages/0/batch/period: expected a duration"),
    ])
    func wrongOnesAreReported(fields: String, message: String) {
        let issues = ConfigurationFixture.issues(stage(fields))
        #expect(issues.count == 1 && issues[0].contains(message), "\(issues)")
    }

    @Test func aTypeThatTakesOneJobAtATimeIsNamed() throws {
        let text = ConfigurationFixture.pipeline(stages: #"{"name":"s","type":"upper","batch":{}}"#)
        var components = Components()
        components.add(
            StageComponent("upper", "Upper-case.", fields: []) { _ in
                StageImplementation { _ in Echo() }
            }
        )
        components.add(
            StageComponent("rows", "Rows.", fields: []) { _ in
                StageImplementation(makeBatchHandler: { _ in Rows() })
            }
        )
        components.add(SourceComponent("generate", "Nothing.", fields: []) { _ in ScriptedSource([]) })
        components.add(SinkComponent("drop", "Nothing.", fields: []) { _ in CollectingSink() })
        func build(_ text: String) throws {
            let configuration = try PipelineConfiguration.load(
                bytes: text.utf8,
                file: "c.json",
                registry: components.registry
            )
            _ = try Pipeline(configuration, components: components)
        }
        let error = #expect(throws: ConfigurationError.self) { try build(text) }
        let reason = #"/stages/0/batch: a stage of type "upper" takes one job at a time"#
        #expect(
            error?.issues.count == 1 && error.map { "\($0)".contains(reason) } == true,
            "\(String(describing: error))"
        )
        for fields in ["", #","batch":{"count":3}"#] {
            try build(ConfigurationFixture.pipeline(stages: #"{"name":"s","type":"rows"\#(fields)}"#))
        }
    }

    private struct Echo: Handler {
        func handle(_ job: Job, _ context: JobContext) async throws -> Value? { job.value }
    }

    private struct Rows: BatchHandler {
        func handle(_ jobs: [Job], _ context: BatchContext) async throws -> [JobResult] {
            jobs.map { .value($0.value) }
        }
    }
}
