import Testing

@testable import TidemillLua

@Suite struct TableRulesTests {
    private func both(_ expression: String) throws -> (flat: LuaStep, flatText: [String], line: LuaStep) {
        let ports = [LuaPort(), LuaPort("line", format: .jsonLine)]
        let one = try LuaState.handler("local json = require 'json' return \(expression)", ports: ports)
        let two = try LuaState.handler("local json = require 'json' ctx:emit(\(expression), {to='line'})", ports: ports)
        let flat = try one.handle("null")
        let texts = try one.texts()
        return (flat, texts, try two.handle("null"))
    }

    @Test(arguments: [
        ("{1, 2, 3}", "[1,2,3]"), ("{}", "{}"), ("json.array{}", "[]"), ("json.array{1}", "[1]"),
        ("{a = 1}", #"{"a":1}"#),
        ("{[2] = 'b', [1] = 'a', [3] = 'c'}", #"["a","b","c"]"#), ("{{}, json.array()}", "[{},[]]"),
        ("{json.null, false}", "[null,false]"), ("{[1.0] = 'x'}", #"["x"]"#),
        ("(function() local t = {} for i = 5, 1, -1 do t[i] = i end return t end)()", "[1,2,3,4,5]"),
    ])
    func becomes(_ expression: String, _ expected: String) throws {
        let (flat, texts, line) = try both(expression)
        try flat.done()
        try line.done()
        #expect(texts == [expected])
    }

    @Test(arguments: [
        ("{1, 2, a = 3}", "keys must be"), ("{a = 3, [1] = 1}", "keys must be"), ("{1, nil, 3}", "keys must be"),
        ("{[0] = 1}", "keys must be"), ("{[true] = 1}", "keys must be"), ("{[1.5] = 1}", "keys must be"),
        ("{[json.null] = 1}", "keys must be"), ("{[math.maxinteger] = 1}", "keys must be"),
        ("{user = {callback = print or function() end}}", "cannot pass a function on (at .user.callback)"),
        ("{{}, {{f = coroutine.create(function() end)}}}", "cannot pass a thread on (at [2][1].f)"),
        ("{['a b'] = {ctx}}", #"cannot pass a userdata on (at ["a b"][1])"#),
        ("function() end", "cannot pass a function on"),
        ("(function() local t = {} t.t = t return t end)()", "cycle"),
        ("(function() local t = {} for i = 1, 70 do t = {t} end return t end)()", "cycle, or nesting deeper than 64"),
    ])
    func isRefused(_ expression: String, _ reason: String) throws {
        let (flat, texts, line) = try both(expression)
        #expect(try flat.failure.message.contains(reason))
        #expect(try line.failure.message.contains(reason))
        #expect(texts.isEmpty)
    }

    @Test func infinityIsFlatButNotJSON() throws {
        let flat = try LuaState.handler("return {x = 1/0}")
        try flat.handle("null").done()
        let line = try LuaState.handler("return {x = 1/0}", ports: [LuaPort(format: .jsonLine)])
        #expect(try line.handle("null").failure.message == "a number that is not finite has no JSON text (at .x)")
    }

    @Test func metatablesAreNotAsked() throws {
        let (flat, texts, _) = try both("setmetatable({1}, {__index = error, __pairs = error, __len = error})")
        try flat.done()
        #expect(texts == ["[1]"])
    }
}
