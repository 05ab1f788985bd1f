import Testing
import Tidemill

@Suite struct PipelineConfigurationTests {
    @Test func loadsAWholeFile() throws {
        let pipeline = try ConfigurationFixture.load(ConfigurationFixture.good)
        #expect(pipeline.name == "access-log")
        #expect(pipeline.shutdownTimeout == .seconds(90))
        let source = try #require(pipeline.sources.first)
        #expect(source.settings.strings("path") == ["conf/a.log", "/var/b.log"])
        #expect(source.settings.string("format") == "lines")
        #expect(source.settings.size("max_line") == 1 << 20)
        #expect(source.settings.optionalDuration("poll") == nil)
        #expect(source.onError == .deadLetter)

        #expect(pipeline.stages.map(\.name) == ["parse", "enrich"])
        let parse = pipeline.stages[0]
        #expect(parse.type == "script")
        #expect(parse.workers == .cores)
        #expect(parse.workers.resolved(cores: 8) == 8)
        #expect(parse.channel == ChannelLimits(bytes: 8 << 20))
        #expect(parse.order == .none)
        #expect(parse.settings.string("script") == "conf/scripts/parse.lua")
        #expect(parse.settings.size("memory") == 64 << 20)
        #expect(parse.settings.any("options") == .null)

        let enrich = pipeline.stages[1]
        #expect(enrich.workers == .fixed(4))
        #expect(enrich.channel == ChannelLimits(capacity: 16, bytes: 1 << 20, overflow: .dropOldest))
        #expect(enrich.order == .input)
        #expect(enrich.onError == .drop)
        #expect(enrich.settings.any("options").json == #"{"geo":"geo.csv","key":"k"}"#)
        #expect(enrich.settings.object("capabilities").strings("read") == ["conf/data/"])

        #expect(pipeline.deadLetters?.name == "dead_letters")
        #expect(pipeline.deadLetters?.settings.string("path") == "conf/dead.jsonl")
    }

    @Test func fillsInDefaults() throws {
        let pipeline = try ConfigurationFixture.load(ConfigurationFixture.pipeline())
        #expect(pipeline.name == "pipeline")
        #expect(pipeline.shutdownTimeout == .seconds(25))
        #expect(pipeline.sources[0].onError == .reject)
        #expect(pipeline.deadLetters == nil)
    }

    @Test func dumpsWithoutSecrets() throws {
        let text = ConfigurationFixture.pipeline(
            sources: #"{"name": "in", "type": "generate", "token": "hunter2", "rate": {"$env": "RATE"}}"#,
            stages: #"{"name": "s", "script": "s.lua", "options": {"a": [{"$file": "key"}], "b": 1}}"#
        )
        let pipeline = try ConfigurationFixture.load(
            text,
            environment: ["RATE": "77.25"],
            files: ["conf/key": "hunter3\n"]
        )
        #expect(pipeline.sources[0].settings.number("rate") == 77.25)
        #expect(pipeline.stages[0].settings.any("options").json == #"{"a":["hunter3"],"b":1}"#)
        let dump = pipeline.redactedJSON
        for secret in ["hunter", "77.25"] { #expect(!dump.contains(secret)) }
        #expect(dump.contains(#""token": "<redacted>""#))
        #expect(dump.contains(#""capacity": 1024"#))
        #expect(dump.contains(#""memory": "64MiB""#))
    }

    @Test func aDefaultOfAVariableMayBeAReferenceToo() throws {
        let token = #"{"$env": "A", "default": {"$env": "B", "default": {"$file": "/key"}}}"#
        let text = ConfigurationFixture.pipeline(
            sources: #"{"name": "in", "type": "generate", "token": \#(token)}"#
        )
        func value(_ environment: [String: String]) throws -> String {
            let files = ["/key": "c\r\n"]
            let pipeline = try ConfigurationFixture.load(text, environment: environment, files: files)
            #expect(pipeline.redactedJSON.contains(#""token": "<redacted>""#))
            return pipeline.sources[0].settings.string("token")
        }
        #expect(try value(["A": "a", "B": "b"]) == "a")
        #expect(try value(["B": "b"]) == "b")
        #expect(try value([:]) == "c")
    }

    @Test func theDumpLoadsAgain() throws {
        let first = try ConfigurationFixture.load(ConfigurationFixture.good, environment: ["KEY": "x"])
        let second = try ConfigurationFixture.load(first.redactedJSON)
        #expect(first.redactedJSON == second.redactedJSON)
    }

    @Test func readsFromTheDisk() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try PipelineConfiguration.load(
                path: "/nowhere/c.json",
                registry: ConfigurationFixture.registry,
                environment: [:]
            )
        }
        #expect(
            error?.description == "/nowhere/c.json:1:1: the file cannot be read: No such file or directory"
        )
        let folder = #expect(throws: ConfigurationError.self) {
            try PipelineConfiguration.load(path: "/", registry: ConfigurationFixture.registry, environment: [:])
        }
        #expect(folder?.description == "/:1:1: the file cannot be read: Is a directory")
    }

    @Test func decodesAScriptsOwnOptions() throws {
        let text = ConfigurationFixture.pipeline(
            stages: #"{"name": "s", "script": "s.lua", "options": {"limit": 0, "nmae": 1}}"#
        )
        let options = [
            FieldSpecification("limit", .integer(in: 1...9), "The limit.", default: 5),
            FieldSpecification("name", .string(), "A name.", required: true),
        ]
        let stage = try ConfigurationFixture.load(text).stages[0]
        let error = #expect(throws: ConfigurationError.self) { try stage.settings.decode("options", as: options) }
        #expect(
            error?.issues.map(\.description) == [
                "c.json:2:57: /stages/0/options: the field \"name\" is missing (hint: it is a string)",
                "c.json:2:67: /stages/0/options/limit: expected an integer from 1 to 9, found the integer 0",
                "c.json:2:70: /stages/0/options/nmae: unknown key \"nmae\" (hint: did you mean \"name\"?)",
            ]
        )
        let bare = try ConfigurationFixture.load(
            ConfigurationFixture.pipeline(stages: #"{"name": "s", "script": "s.lua"}"#)
        ).stages[0]
        #expect(try bare.settings.decode("options", as: [options[0]]).integer("limit") == 5)
    }

    @Test func lendsPlacesToComponents() throws {
        let settings = try ConfigurationFixture.load(ConfigurationFixture.good).sources[0].settings
        #expect(
            settings.issue(at: "path", "no such file", hint: "create it").description
                == "c.json:4:55: /sources/0/path: no such file (hint: create it)"
        )
        #expect(
            settings.issue(at: "path", element: 1, "no such file").description
                == "c.json:4:65: /sources/0/path/1: no such file"
        )
        #expect(settings.issue(at: "path", element: 2, "no").pointer.description == "/sources/0/path")
        #expect(settings.issue(at: "format", "no").description == "c.json:4:15: /sources/0: no")
        #expect(settings.isGiven("path") && !settings.isGiven("format") && settings.has("format"))
    }

    @Test func buildsSettingsInCode() throws {
        let fields = ConfigurationFixture.registry.specification(.source, "generate")?.fields ?? []
        let settings = try Settings(["count": 3, "headers": ["a": "b"]], as: fields)
        #expect(settings.integer("count") == 3)
        #expect(settings.stringMap("headers").map(\.value) == ["b"])
        #expect(throws: ConfigurationError.self) { try Settings(["count": -1], as: fields) }
        #expect(throws: ConfigurationError.self) { try Settings(7, as: fields) }
    }

    @Test func askingForAnUnknownFieldStopsTheProgram() async {
        await #expect(processExitsWith: .failure) {
            let settings = try Settings([:], as: [])
            _ = settings.optionalString("nothing")
        }
    }
}
