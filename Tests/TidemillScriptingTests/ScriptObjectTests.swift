import Synchronization
import Testing
import Tidemill
import TidemillScripting
import TidemillTesting

/// Objects of the host in scripts: they cross stages as they are, count as memory, and are freed in time.
@Suite(.timeLimit(.minutes(5)))
struct ScriptObjectTests {
    /// Counts how many of it live.
    private final class Thing: ValueObject, @unchecked Sendable {
        let weight: Int
        let living: Living

        init(_ weight: Int, _ living: Living) {
            (self.weight, self.living) = (weight, living)
            super.init(typeName: "thing")
            living.add(1)
        }

        deinit { living.add(-1) }

        override var size: Int { weight }
        override func archived() throws -> Bytes { Bytes(String(size)) }
    }

    private final class Living: Sendable {
        private let state = Mutex((now: 0, most: 0))

        var now: Int { state.withLock { $0.now } }
        var most: Int { state.withLock { $0.most } }

        func add(_ change: Int) {
            state.withLock {
                $0.now += change
                $0.most = max($0.most, $0.now)
            }
        }
    }

    private static func module(_ living: Living, waits: Gate? = nil) -> ScriptModule {
        ScriptModule(
            "thing",
            functions: [
                ScriptFunction("new") { call in [.object(Thing(Int(call[0].integer ?? 0), living))] },
                ScriptFunction("untilStopped") { call in
                    waits?.open()
                    while !call.isStopped {}
                    return []
                },
            ],
            methods: [
                ScriptFunction("double") { call in
                    guard let thing = call[0].object as? Thing else { throw ScriptCall.Problem("no thing") }
                    return [.object(Thing(thing.size * 2, living)), .integer(Int64(thing.size * 2))]
                }
            ],
            property: { call in
                guard let thing = call[0].object as? Thing else { return nil }
                return switch call[1] {
                case "#", "size": .integer(Int64(thing.size))
                case "tostring": .string(Bytes("thing of \(thing.size)"))
                default: nil
                }
            }
        )
    }

    private func run(
        _ scripts: [String],
        _ values: [Value],
        _ living: Living = Living(),
        memory: Int = 64 << 20,
        batch: Bool = false
    ) async throws -> (values: [Value], letters: [Value]) {
        let (sink, letters) = (CollectingSink(), CollectingSink())
        var settings = StageSettings()
        if batch { settings.batch = BatchPolicy(count: 4, period: .milliseconds(10)) }
        let stages = try scripts.enumerated().map { index, source in
            try PipelineNode.script(
                "stage\(index)",
                source: source,
                settings,
                memory: memory,
                modules: [Self.module(living)]
            )
        }
        _ = try await runPipeline(
            [.source("in", ScriptedSource(values: values))] + stages + [.sink("out", sink)],
            deadLetters: letters
        )
        return (sink.values, letters.values)
    }

    private func reason(_ script: String, memory: Int = 64 << 20) async throws -> String? {
        let letters = CollectingSink()
        _ = try await runPipeline(
            [
                .source("in", ScriptedSource(values: [1])),
                try .script("work", source: script, memory: memory, modules: [Self.module(Living())]),
                .sink("out", CollectingSink()),
            ],
            deadLetters: letters
        )
        return letters.values.first?["error"]?["message"]?.text
    }

    @Test func theyCrossStagesAsTheyAre() async throws {
        let blob = Blob(Bytes("abcdef"))
        let out = try await run(
            [
                "return function(v) return v end", "return function(v) return {deep = {v, 'x'}, same = v} end",
                """
                return function(v, ctx)
                  assert(v.deep[1] == v.same and #v.same == 6 and tostring(v.same) == "blob of 6 bytes")
                  ctx:emit(v)
                  return v.same:sub(2, -2) .. v.same:bytes():sub(1, 1)
                end
                """,
            ],
            [.object(blob)]
        )
        .values
        #expect(out.count == 2)
        #expect(out[0]["same"]?.object === blob && out[0]["deep"]?[0]?.object === blob)
        #expect(out[1] == "bcdea")
    }

    @Test func methodsAndProperties() async throws {
        let script = """
            local thing = require "thing"
            return function(v)
              local a <close> = thing.new(v)
              local b, size = a:double()
              assert(b.size == size and #b == 2 * v and b.nothing == nil and a ~= b)
              assert(tostring(a) == "thing of " .. v)
              assert(not pcall(function() b.size = 1 end) and getmetatable(b) == false)
              local closed
              do local c <close> = thing.new(1); closed = c end
              local ok, message = pcall(closed.double, closed)
              assert(not ok and message:find("closed thing"), message)
              return b
            end
            """
        let living = Living()
        let out = try await run([script], [3, 4], living)
        #expect(out.values.compactMap { ($0.object as? Thing)?.size } == [6, 8])
        #expect(out.letters.isEmpty)
    }

    @Test(arguments: [false, true]) func theyAreFreed(batch: Bool) async throws {
        let living = Living()
        let make = """
            local thing = require "thing"
            local function make(v) return {thing.new(3 << 19), thing.new(3 << 19), n = nil} end
            return {handle = make, handle_batch = function(values)
              local results = {}
              for i, v in ipairs(values) do results[i] = make(v) end
              return results
            end}
            """
        let count = """
            local function count(v) return #v[1] end
            return {handle = count, handle_batch = function(values)
              local results = {}
              for i, v in ipairs(values) do results[i] = count(v) end
              return results
            end}
            """
        let values = (0..<300).map { Value.integer($0) }
        let out = try await run([make, count], values, living, batch: batch)
        #expect(out.values.count == 300 && out.values.allSatisfy { $0 == .integer(3 << 19) })
        #expect(living.now == 0)
        #expect(living.most >= 2)
    }

    /// A state that holds some is asked to give them back before memory is out, and fails only if it can't.
    @Test func theyCountAsTheWorkersMemory() async throws {
        let garbage = """
            local thing = require "thing"
            return function(v)
              for _ = 1, 100 do thing.new(400000) end
              return v
            end
            """
        let living = Living()
        let first = try await run([garbage], [1], living, memory: 1 << 20)
        #expect(first.values == [1])
        #expect(living.now == 0 && living.most <= 4)
        let kept = """
            local thing = require "thing"
            return function(v)
              local all = {}
              for i = 1, 3 do all[i] = thing.new(400000) end
              return v
            end
            """
        #expect(try await reason(kept, memory: 1 << 20)?.contains("not enough memory") == true)
        let caught = """
            local thing = require "thing"
            return function(v)
              local a, b = thing.new(400000), thing.new(400000)
              for _ = 1, 10 do assert(not pcall(thing.new, 400000)) end
              return #a
            end
            """
        let others = Living()
        #expect(try await run([caught], [1, 2], others, memory: 1 << 20).values == [400_000, 400_000])
        #expect(others.now == 0)
    }

    /// What was given on is no longer the script's, and still bounded: 64 MiB of a job's results, unless it is said otherwise.
    @Test func theyCountAsResults() async throws {
        let emits =
            "local t = require 'thing'; return function(v, ctx) for i = 1, v do ctx:emit(t.new(1 << 20)) end end"
        let living = Living()
        #expect(try await run([emits], [60], living).values.count == 60)
        let found = try await run([emits], [70], living)
        #expect(found.values.isEmpty)
        #expect(found.letters.first?["error"]?["kind"] == "max_output", "\(found.letters)")
    }

    @Test(arguments: [
        ("ctx:emit(1, {metadata = {a = thing.new(1)}})", "'metadata' can't hold an object"),
        ("return {thing.new(1), json.encode({thing.new(1)})}", "a value of the type thing has no JSON text"),
        ("return {a = {io}, b = ctx}", "cannot pass a userdata on"),
    ])
    func whereTheyCannotGo(body: String, message: String) async throws {
        let script = """
            local thing, json = require "thing", require "json"
            return function(v, ctx) \(body) end
            """
        #expect(try await reason(script)?.contains(message) == true)
    }

    @Test func whatASlowFunctionHearsOfAStop() async throws {
        let (gate, letters) = (Gate(), CollectingSink())
        var settings = StageSettings()
        settings.timeout = .milliseconds(20)
        let script = "local t = require 'thing'; return function(v) t.untilStopped() return v end"
        let sink = CollectingSink()
        _ = try await runPipeline(
            [
                .source("in", ScriptedSource(values: [1])),
                try .script("work", source: script, settings, modules: [Self.module(Living(), waits: gate)]),
                .sink("out", sink),
            ],
            deadLetters: letters
        )
        try await gate.pass()
        #expect(sink.values.isEmpty && letters.jobs.count == 1)
    }

    @Test func aScriptThatIsLoadedCallsNothing() {
        #expect(throws: ScriptError.self) {
            try PipelineNode.script("x", source: "require('blob').new('a'); return function() end")
        }
    }
}
