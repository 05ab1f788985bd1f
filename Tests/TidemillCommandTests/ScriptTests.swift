import Foundation
import TestSupport
import Testing

/// What scripts meet: errors, the log, the sandbox, modules, options and limits.
@Suite(.timeLimit(.minutes(10)))
struct ScriptTests {
    @Test func anErrorNamesScriptLineAndTraceback() async throws {
        let folder = try Folder()
        try folder.write("local m = {}\nfunction m.check(v)\n  return v.a.b\nend\nreturn m\n", to: "lib/checks.lua")
        let script =
            "local checks = require 'lib.checks'\nreturn function(v)\n  local r = checks.check({})\n  return r\nend"
        let result = try await folder.run(.scripted(), script: script, input: "x\n")
        #expect(result.status == 0)
        let letter = try #require(try folder.letters().first)
        #expect(letter.message == "lib/checks.lua:3: attempt to index a nil value (field 'a')")
        #expect(letter.traceback?.contains("work.lua:3") == true, "\(letter.traceback ?? "")")
        #expect(letter.stage == "work" && letter.kind == "handler" && letter.attempts == 1)
    }

    @Test func aFailingInitStopsTheRun() async throws {
        let folder = try Folder()
        let script = """
            local function prepare(t) t.x = 1 end
            return {
              init = function(ctx) prepare(nil) end,
              handle = function(line) return line end,
            }
            """
        let result = try await folder.run(.scripted(#""workers": 2"#), script: script, input: "x\n")
        #expect(result.status == 1)
        #expect(result.output.isEmpty)
        #expect(result.books == "taken 0 + emitted 0 = 0")
        #expect(result.errors.contains("test: failed after "))
        #expect(result.errors.contains("tidemill: work: init: work.lua:1: attempt to index a nil value (local 't')"))
        #expect(result.errors.contains("work.lua:3"), "no traceback: \(result.errors)")
    }

    @Test func closeIsCalledOnceForEachWorker() async throws {
        let folder = try Folder()
        let script = """
            return {
              handle = function(line) return line end,
              close = function(ctx) print("closing " .. ctx.worker) end,
            }
            """
        let result = try await folder.run(.scripted(#""workers": 2"#), script: script, input: "x\n")
        #expect(result.status == 0)
        for worker in [1, 2] {
            #expect(result.errors.components(separatedBy: "closing \(worker)").count == 2, "\(result.errors)")
        }
    }

    @Test func logLinesAsText() async throws {
        let folder = try Folder()
        let script = """
            return function(line, ctx)
              print("printed", 1, nil)
              ctx.log.warn("it's odd", { n = 1, text = "a \\"b\\"", nested = { 1 } })
              ctx.log.debug("hidden")
            end
            """
        let result = try await folder.run(.scripted(), script: script, input: "x\n")
        #expect(result.errors.contains(" info printed\t1\tnil node=work worker=1\n"), "\(result.errors)")
        let line = #" warning it's odd n=1 nested=[1] node=work text="a \"b\"" worker=1"#
        #expect(result.errors.contains(line + "\n"), "\(result.errors)")
        #expect(!result.errors.contains("hidden"))
        #expect(result.output.isEmpty)
    }

    @Test func logLinesAsJSON() async throws {
        let folder = try Folder()
        let script = "return function(line, ctx) ctx.log.error('a \"b\"\\n\\xFF', { n = 1 }) end"
        let result = try await folder.run(
            .scripted(),
            script: script,
            ["--log-format", "json", "--quiet"],
            input: "x\n"
        )
        let lines = result.errors.split(separator: "\n")
        #expect(lines.count == 1)
        let object = try JSONSerialization.jsonObject(with: Data(result.errors.utf8)) as? [String: String]
        #expect(object?["level"] == "error" && object?["message"] == "a \"b\"\n\u{FFFD}" && object?["n"] == "1")
        #expect(object?["node"] == "work" && object?["worker"] == "1")
    }

    @Test func logLinesAreLimited() async throws {
        let folder = try Folder()
        let script = """
            return function(line, ctx)
              for i = 1, 5000 do ctx.log.info("spam") end
              ctx:sleep(1)
              ctx.log.info("one more")
            end
            """
        let result = try await folder.run(.scripted(), script: script, input: "x\n")
        let lines = result.errors.split(separator: "\n")
        // The second may have turned in between.
        #expect([200, 400].contains(lines.count { $0.contains(" spam ") }))
        #expect(lines.contains { $0.contains("a script logs too much lines_left_out=") }, "\(result.errors)")
        #expect(lines.contains { $0.contains("one more") })
    }

    @Test func keyAndMetadataMakeAFileName() async throws {
        let folder = try Folder()
        var pipeline = TestPipeline.scripted()
        pipeline.sinks = [#""name": "out", "type": "directory", "path": "files", "file_name": "{key}/{name}.txt""#]
        let script = """
            return function(line, ctx)
              ctx:emit("body of " .. line, { key = "k-" .. line, metadata = { name = "n" .. line } })
              ctx:emit("out", { key = "..", metadata = { name = "escape" } })
              ctx:emit("nameless", { key = "k" })
            end
            """
        let result = try await folder.run(pipeline, script: script, input: "1\n")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try folder.read("files/k-1/n1.txt") == "body of 1")
        #expect(!folder.exists("escape.txt"))
        #expect(result.books == "taken 1 + emitted 2 = delivered 1 + dead_lettered 2")
        let messages = try folder.letters().map(\.message)
        #expect(messages.contains { $0.contains("leads out of the directory") }, "\(messages)")
        #expect(messages.contains { $0.contains("needs \"name\"") }, "\(messages)")
    }

    @Test func modulesOfTheFolderAndNoOthers() async throws {
        let folder = try Folder()
        try folder.write("return { value = 7 }", to: "s/lib/geo.lua")
        try folder.write("return { secret = true }", to: "outside.lua")
        try folder.write(
            "return function(name) local ok, m = pcall(require, name)\n"
                + "return ok and (m.value or 'loaded') or tostring(m) end",
            to: "s/work.lua"
        )
        var pipeline = TestPipeline.scripted()
        pipeline.stages = [#""name": "work", "script": "s/work.lua""#]
        let names = ["lib.geo", "..outside", "../outside", "lib/../../outside", "/etc/passwd", "io", "lib.none", ""]
        let result = try await folder.run(pipeline, input: names.map { $0 + "\n" }.joined())
        let lines = result.output.split(separator: "\n").map(String.init)
        #expect(lines.first == "7", "\(result.output)\(result.errors)")
        #expect(!result.output.contains("loaded"))
        #expect(lines.count == names.count)
        #expect(lines.count { $0.contains("a module's name has letters, digits, '_', '-' and '.'") } == 5, "\(lines)")
        #expect(lines.contains { $0.contains("there is no module \"lib.none\"") }, "\(lines)")
    }

    @Test func onlyWhatIsGrantedIsRead() async throws {
        let folder = try Folder()
        try folder.write("inside", to: "data/a.txt")
        try folder.write("secret", to: "secret.txt")
        try folder.write("twin", to: "data-twin/a.txt")
        for (link, target) in [("data/link", "../secret.txt"), ("data/dir", "..")] {
            try FileManager.default.createSymbolicLink(
                atPath: folder.file(link).path,
                withDestinationPath: target
            )
        }
        let script = "local file = require 'file'\nreturn function(path) return file.read(path) end"
        let paths = [
            "data/a.txt", "data/../data/a.txt", "secret.txt", "data/../secret.txt", "data/link", "data/dir/secret.txt",
            "data-twin/a.txt", "/etc/passwd", "data/none", "data",
        ]
        let pipeline = TestPipeline.scripted(#""capabilities": {"read": ["data/"]}"#)
        let result = try await folder.run(pipeline, script: script, input: paths.map { $0 + "\n" }.joined())
        #expect(result.output == "inside\ninside\n")
        #expect(result.books == "taken 10 + emitted 0 = delivered 2 + dead_lettered 8")
        let letters = try folder.letters()
        #expect(letters.filter { $0.message.contains("not granted") }.map(\.value) == Array(paths[2..<8]))
        #expect(letters.suffix(2).allSatisfy { $0.message.contains("no such file") || $0.message.contains("regular") })
        #expect(!result.output.contains("secret"))

        let ungranted = try await folder.run(.scripted(), script: script, input: "data/a.txt\n")
        #expect(ungranted.output.isEmpty)
    }

    @Test func optionsHaveTypesAndDefaults() async throws {
        let folder = try Folder()
        let script = """
            return {
              options = {
                table_file = { type = "path", required = true },
                wait = { type = "duration", default = "1m" },
                room = { type = "size" },
                ratio = { type = "number", default = 0.5 },
                count = { type = "integer", default = 3, range = { 1, 9 } },
                mode = { type = "string", choices = { "fast", "safe" }, default = "safe" },
                names = { type = "list", default = { "a" } },
                any = { type = "any" },
              },
              handle = function(line, ctx) return ctx.options end,
            }
            """
        try folder.write(script, to: "conf/work.lua")
        var pipeline = TestPipeline.scripted(
            #""options": {"table_file": "t.csv", "room": "2KiB", "any": {"x": [1, null]}, "mode": "fast"}"#
        )
        pipeline.sinks = [#""name": "out", "type": "stdout""#]
        try folder.write(pipeline.text, to: "conf/c.json")
        let result = try await Program.run(["run", "-q", "conf/c.json"], in: folder.url, input: "x\n")
        let expected = """
            {"any": {"x": [1, null]}, "count": 3, "mode": "fast", "names": ["a"], "ratio": 0.5, "room": 2048,
             "table_file": "conf/t.csv", "wait": 60}
            """
        #expect(result.errors == "")
        #expect(try canonical(result.output) == canonical(expected))
    }

    @Test func memoryIsLimitedInEachWorker() async throws {
        let folder = try Folder()
        let script = """
            local kept = {}
            return function(line)
              if line == "grow" then while true do kept[#kept + 1] = ("x"):rep(1000) .. #kept end end
              return line
            end
            """
        let running = try folder.start(.scripted(#""memory": "8MiB""#), script: script)
        running.write("a\n" + String(repeating: "grow\n", count: 20) + "b\n")
        try await running.waitForOutput("b\n")
        let memory = try running.peakMemory()
        let result = await running.end()
        #expect(result.status == 0)
        #expect(result.output == "a\nb\n")
        #expect(result.books == "taken 22 + emitted 0 = delivered 2 + dead_lettered 20")
        #expect(try folder.letters().allSatisfy { $0.kind == "memory" })
        #expect(memory < 100 << 20, "\(memory >> 20) MiB")
    }
}
