import Foundation
import TestSupport
import Testing

/// What the command prints and how it exits, without running a pipeline.
@Suite(.timeLimit(.minutes(10)))
struct CommandLineTests {
    @Test func help() async throws {
        let result = try await Program.run(["--help"])
        #expect(result.status == 0)
        for command in ["run", "validate, lint", "graph", "schema", "list"] {
            #expect(result.output.contains("\n  \(command) "), "\(result.output)")
        }
        #expect(result.output.contains("78 configuration"))
    }

    @Test func version() async throws {
        let result = try await Program.run(["--version"])
        #expect(result.output == "0.1.0\n")
    }

    @Test(arguments: [
        ["frobnicate"], ["run", "--frobnicate"], ["graph", "--format", "svg"], ["run", "--log-level", "loud"],
    ])
    func usage(arguments: [String]) async throws {
        let result = try await Program.run(arguments)
        #expect(result.status == 64)
        #expect(result.output.isEmpty)
        #expect(result.errors.contains("Usage: tidemill") || result.errors.contains("Usage:"))
    }

    @Test(arguments: ["validate", "lint"])
    func theShippedConfigurationIsFine(command: String) async throws {
        let result = try await Program.run([command])
        #expect(result.status == 0)
        #expect(result.output == "config.json: ok (5 nodes)\n")
        #expect(result.errors.isEmpty)
    }

    @Test func aMissingFile() async throws {
        let result = try await Program.run(["run", "nowhere.json"])
        #expect(result.status == 78)
        #expect(result.errors.hasPrefix("nowhere.json:1:1: the file cannot be read: "))
    }

    @Test func everyProblemAtOnce() async throws {
        let folder = try Folder()
        try folder.write("return function(line) retrun line end", to: "broken.lua")
        try folder.write("return { description = 'no handler' }", to: "empty.lua")
        let config = """
            {
              "name": "bad",
              "sources": [{"name": "in", "type": "stdin"}],
              "stages": [
                {"name": "one", "script": "broken.lua"},
                {"name": "two", "script": "empty.lua"},
                {"name": "three", "script": "missing.lua"},
              ],
              "sinks": [{"name": "out", "type": "stdout"}]
            }
            """
        try folder.write(config, to: "c.json")
        let result = try await Program.run(["validate", "c.json"], in: folder.url)
        #expect(result.status == 78)
        let lines = result.errors.split(separator: "\n").map(String.init)
        #expect(lines.count == 3, "\(result.errors)")
        #expect(lines[0].hasPrefix("c.json:5:31: /stages/0/script: broken.lua:1: "), "\(lines[0])")
        #expect(lines[1].hasPrefix("c.json:6:31: /stages/1/script: empty.lua: "), "\(lines[1])")
        #expect(lines[2].hasPrefix("c.json:7:33: /stages/2/script: missing.lua: no such file"), "\(lines[2])")
    }

    @Test func badFieldsWithHints() async throws {
        let folder = try Folder()
        let config = """
            {
              "sources": [{"name": "in", "type": "stdin", "foramt": "lines"}],
              "stages": [],
              "sinks": [{"name": "out", "type": "stdout"}, {"name": "out", "type": "drop", "inputs": ["inn"]}],
              "shutdown_timeout": 25
            }
            """
        try folder.write(config, to: "c.json")
        let result = try await Program.run(["run", "c.json"], in: folder.url)
        #expect(result.status == 78)
        #expect(result.errors.contains(#"/sources/0/foramt"#) && result.errors.contains(#"did you mean "format"?"#))
        #expect(result.errors.contains(#"/sinks/1/inputs/0"#) && result.errors.contains(#"did you mean "in"?"#))
        #expect(result.errors.contains("/sinks/1/name"))
        #expect(result.errors.contains("/shutdown_timeout"))
    }

    @Test func optionsAreCheckedAgainstTheScript() async throws {
        let folder = try Folder()
        let script = """
            return {
              options = { limit = { type = "integer", range = { 1, 10 }, required = true } },
              handle = function(line) return line end,
            }
            """
        try folder.write(script, to: "s.lua")
        func config(_ options: String) -> String {
            """
            {"sources": [{"name": "in", "type": "stdin"}],
             "stages": [{"name": "work", "script": "s.lua", "options": \(options)}],
             "sinks": [{"name": "out", "type": "stdout"}]}
            """
        }
        for (options, message) in [
            ("{\"limit\": 11}", "/stages/0/options/limit: "), ("{}", "limit"),
            ("{\"limit\": 5, \"limits\": 1}", "limits"),
        ] {
            try folder.write(config(options), to: "c.json")
            let result = try await Program.run(["validate", "c.json"], in: folder.url)
            #expect(result.status == 78, "\(options)")
            #expect(result.errors.contains(message) && result.errors.hasPrefix("c.json:2:"), "\(result.errors)")
        }
        try folder.write(config("{\"limit\": 5}"), to: "c.json")
        #expect(try await Program.run(["validate", "c.json"], in: folder.url).status == 0)
    }

    @Test func portsMustFit() async throws {
        let folder = try Folder()
        try folder.write("return function(v, ctx) ctx:emit(v, { to = \"odd\" }) end", to: "s.lua")
        func config(_ input: String) -> String {
            """
            {"sources": [{"name": "in", "type": "stdin"}],
             "stages": [{"name": "work", "script": "s.lua"}],
             "sinks": [{"name": "out", "type": "stdout", "inputs": ["\(input)"]}]}
            """
        }
        for input in ["work", "work.even"] {
            try folder.write(config(input), to: "c.json")
            let result = try await Program.run(["validate", "c.json"], in: folder.url)
            #expect(result.status == 78)
            #expect(result.errors.contains("odd"), "\(result.errors)")
        }
        try folder.write(config("work.odd"), to: "c.json")
        #expect(try await Program.run(["validate", "c.json"], in: folder.url).status == 0)
    }

    @Test func theSchemaIsJSONAndNamesEveryComponent() async throws {
        let result = try await Program.run(["schema"])
        let schema = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
        #expect(schema?["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
        for type in ["file", "stdin", "directory", "generate", "stdout", "drop", "script"] {
            #expect(result.output.contains("\"\(type)\""))
        }
    }

    @Test(arguments: ["text", "json", "markdown"])
    func listsEveryComponent(format: String) async throws {
        let result = try await Program.run(["list", "--format", format])
        #expect(result.status == 0)
        for word in ["generate", "max_line", "directory", "drop", "capabilities"] {
            #expect(result.output.contains(word), "\(word)")
        }
    }

    @Test func scriptsDescribeThemselves() async throws {
        let result = try await Program.run(["list", "scripts/enrich.lua", "scripts/parse_syslog.lua"])
        #expect(result.status == 0)
        #expect(result.output.contains("script scripts/enrich.lua 1.0.0: Adds derived fields"), "\(result.output)")
        #expect(result.output.contains("slow_bytes  integer 1…1099511627776, default 1048576: "))
        #expect(result.output.contains("emits to: errors"))
        let broken = try await Program.run(["list", "README.md"])
        #expect(broken.status == 78)
        #expect(broken.errors.hasPrefix("README.md:1: "), "\(broken.errors)")
    }

    @Test func batchesAndScriptsMustFit() async throws {
        let folder = try Folder()
        let one = "return { handle = function(v) return v end }"
        let many = "return { handle_batch = function(vs) return vs end }"
        let missing = #"work.lua: the stage has "batch", and the script defines no `handle_batch` to give a batch to"#
        let alone = #"work.lua: the script defines `handle_batch` and no `handle`, and the stage has no "batch""#
        let batch = #""batch": {"count": 10}"#
        let first = try await folder.problems(.scripted(batch), script: one).first ?? ""
        #expect(first.contains("/stages/0/batch: " + missing), "\(first)")
        let second = try await folder.problems(.scripted(), script: many).first ?? ""
        #expect(second.contains("/stages/0/script: " + alone), "\(second)")
        #expect(try await folder.problems(.scripted(batch), script: many).isEmpty)
        let list = try await Program.run(["list", "work.lua"], in: folder.url)
        #expect(list.output.contains("  defines: handle_batch\n"), "\(list.output)")
    }

    @Test func listsTheModulesOfScripts() async throws {
        let text = try await Program.run(["list", "--modules"])
        #expect(text.output.contains("\nimg:thumbnail(width, …)") && text.output.hasPrefix("blob.new(bytes)"))
        let json = try await Program.run(["list", "--modules", "--format", "json"])
        #expect(json.output.contains("\"usage\": \"img:crop(x, y, width, height)\""), "\(json.output.prefix(500))")
    }

    @Test(arguments: [("text", "enrich"), ("mermaid", "flowchart"), ("dot", "digraph")])
    func drawsTheGraph(format: String, word: String) async throws {
        let result = try await Program.run(["graph", "--format", format])
        #expect(result.status == 0)
        #expect(result.output.contains(word), "\(result.output)")
    }

    @Test func theReferenceAndTheSchemaInTheRepositoryAreThisVersions() async throws {
        let reference = Program.repository.appendingPathComponent("Sources/Tidemill/Tidemill.docc/Reference.md")
        let list = try await Program.run(["list", "--format", "markdown"])
        #expect(try String(contentsOf: reference, encoding: .utf8) == list.output, "run `make docs`")
        let modules = Program.repository.appendingPathComponent("Sources/Tidemill/Tidemill.docc/Modules.md")
        let listed = try await Program.run(["list", "--modules", "--format", "markdown"])
        #expect(try String(contentsOf: modules, encoding: .utf8) == listed.output, "run `make docs`")
        let scripts = try FileManager.default.contentsOfDirectory(
            atPath: Program.repository.appendingPathComponent("scripts").path
        ).filter { $0.hasSuffix(".lua") }.sorted().map { "scripts/" + $0 }
        let schema = try await Program.run(["schema"] + scripts)
        let file = Program.repository.appendingPathComponent("tidemill.schema.json")
        #expect(try String(contentsOf: file, encoding: .utf8) == schema.output, "run `make docs`")
    }
}
