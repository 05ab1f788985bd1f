import Testing

@testable import TidemillLua

@Suite struct ScriptTests {
    @Test func aTableOfFunctions() throws {
        let state = try LuaState()
        try state.load(
            """
            local n = 0
            return {
                description = "counts", version = "1.2", options = {start = {type = "integer"}},
                init = function(ctx) n = 10 end,
                handle = function(v) n = n + v return n end,
                close = function(ctx) n = -1 end,
            }
            """
        )
        #expect(state.script.functions == [.initialize, .handle, .close])
        #expect(try state.script.description.map(json) == "\"counts\"")
        #expect(try state.script.version.map(json) == "\"1.2\"")
        #expect(try state.script.options.map(json) == #"{"start":{"type":"integer"}}"#)
        try state.initialize().done()
        #expect(try state.results("5") == ["15"])
        try state.finalize().done()
        #expect(try state.results("5") == ["4"])
    }

    @Test func aFunctionIsAHandler() throws {
        let state = try LuaState.handler("return value")
        #expect(state.script.functions == [.handle])
        #expect(state.script.options == nil)
        try state.initialize().done()
        try state.finalize().done()
        #expect(state.outputs.isEmpty)
    }

    @Test(arguments: [
        ("return 1", "must return a table or a function, not number"), ("", "must return a table or a function"),
        ("return {}", "neither handle nor handle_batch"),
        ("return {handle = 1}", "handle must be a function, not number"),
        (
            "return {handle = function() end, options = {f = print or error}}",
            "options: cannot pass a function on (at .f)"
        ),
        ("error('at load')", "scripts/test.lua:1: at load"), ("error({message = 'table'})", "table"),
    ])
    func wrongScripts(_ text: String, _ reason: String) throws {
        let state = try LuaState()
        let error = try state.load(LuaSource(text, chunk: "scripts/test.lua")).failure
        #expect(error.message.contains(reason), "\(error)")
        #expect(try state.load(LuaSource("return error", chunk: "x")).failure.kind == .misuse)
    }

    @Test func requireRunsASourceOnce() throws {
        final class Asked { var names: [String] = [] }
        let asked = Asked()
        let modules = [
            "lib.geo": "local name = ... return {name = name, n = 1}", "plain": "x = (x or 0) + 1", "bad": "return +",
            "raises": "error('in module')", "a": "return require('b')", "b": "return require('a')",
        ]
        let state = try LuaState(resolve: { name in
            asked.names.append(name)
            return modules[name].map { LuaSource($0, chunk: "scripts/\(name).lua") }
        })
        try state.load("return function(v) return require(v) end")
        #expect(try state.handle("\"lib.geo\"").failureOrNil == nil)
        let module = try state.texts()
        #expect(module == [#"{"name":"lib.geo","n":1}"#] || module == [#"{"n":1,"name":"lib.geo"}"#])
        #expect(try state.results("\"lib.geo\"") == module)
        #expect(try state.results("\"plain\"") == ["true"])
        #expect(asked.names == ["lib.geo", "plain"])
        #expect(try state.handle("\"bad\"").failure.message.contains("scripts/bad.lua:1:"))
        #expect(try state.handle("\"raises\"").failure.message.contains("scripts/raises.lua:1: in module"))
        #expect(try state.handle("\"raises\"").failure.message.contains("in module"))
        #expect(try state.handle("\"a\"").failure.message.contains("requires itself"))
        #expect(try state.handle("\"none\"").failure.message.contains("no module 'none'"))
        for name in ["..", "a/b", ".a", "a.", "a..b", "", "a b", "a\\u0000"] {
            #expect(try state.handle("\"\(name)\"").failure.message.contains("a module's name"))
        }
        asked.names = []
    }

    @Test func hostModulesNeedNoResolver() throws {
        let module = LuaModule(
            "kv",
            functions: [LuaFunction("twice") { .integer(try $0.integer(0) * 2) }],
            values: ["limits": try flat(#"{"size":3}"#)]
        )
        let state = try LuaState.handler(
            "local kv = require 'kv' return {kv.twice(4), kv.limits.size, kv == require 'kv'}",
            modules: [module]
        )
        #expect(try state.results() == ["[8,3,true]"])
        let none = try LuaState.handler("return require 'kv'")
        #expect(try none.handle("1").failure.message.contains("no module 'kv'"))
    }

    @Test func jsonEncodesAndDecodes() throws {
        let state = try LuaState.handler(
            """
            local json = require 'json'
            local text = json.encode(json.decode(value))
            return {text, json.decode('null') == json.null, pcall(json.decode, '{'), pcall(json.encode, {print or error})}
            """
        )
        let text = try state.results(#""[1,{\"a\":[]}]""#)[0]
        #expect(text.hasPrefix(#"["[1,{\"a\":[]}]",true,"#))
    }
}
