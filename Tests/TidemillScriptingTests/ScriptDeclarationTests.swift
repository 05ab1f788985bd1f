import Testing
import Tidemill

@testable import TidemillScripting

/// What a script says of itself: its ports and its options.
struct ScriptDeclarationTests {
    @Test(arguments: [
        (#"ctx:emit(v, { to = "errors" })"#, ["errors"]),
        ("ctx:emit(v, {to='a'}) ctx:emit(v, {to = \"b-2\"})\nctx:emit(v, { key = 1, to = 'a' })", ["a", "b-2"]),
        (#"-- ctx:emit(v, { to = "not" })"#, []), (#"x = { upto = "not", to = name }"#, []), ("", []),
    ])
    func portsInAScriptsText(text: String, ports: [String]) {
        #expect(ScriptPorts.named(in: Array(text.utf8)) == ports)
    }

    @Test func optionsBecomeFields() throws {
        let options = try ScriptOptions([
            "limit": ["type": "integer", "default": 10, "range": [1, 100], "help": "How many"],
            "mode": ["choices": ["fast", "safe"], "required": true],
        ])
        #expect(options.fields.map(\.name) == ["limit", "mode"])
        #expect(options.fields[0].summary == "How many" && options.fields[1].isRequired)
        let settings = try Settings(["mode": "safe"], as: options.fields)
        #expect(settings.integer("limit") == 10 && settings.string("mode") == "safe")
        #expect(throws: ConfigurationError.self) { try Settings(["mode": "slow"], as: options.fields) }
        #expect(throws: ConfigurationError.self) { try Settings(["mode": "safe", "limit": 0], as: options.fields) }
        #expect(throws: ConfigurationError.self) { try Settings(["mode": "safe", "limits": 1], as: options.fields) }
    }

    @Test func declarationsThatMakeNoSense() {
        let cases: [(Value, String)] = [
            (7, "`options` is not a table of options"), (["x": 7], "the option \"x\" is not a table"),
            (["x": ["type": "int"]], "the option \"x\" has the type \"int\"; a type is one of string, "),
            (["x": ["default": 7]], "the option \"x\" has the type nil; "),
            (["x": ["type": "string", "defualt": 1]], "the option \"x\" has no use for \"defualt\" (it knows: "),
            (["x": ["type": "integer", "range": [2, 1]]], "the option \"x\" needs a `range` of two numbers"),
            (["x": ["type": "number", "range": [1]]], "the option \"x\" needs a `range` of two numbers"),
        ]
        for (declaration, message) in cases {
            let problem = #expect(throws: ScriptOptions.Problem.self) { try ScriptOptions(declaration) }
            #expect(problem?.description.hasPrefix(message) == true, "\(problem?.description ?? "")")
        }
    }

    @Test(arguments: ["..x", "a..b", "a.", ".a", "", "a/b", "../a", "a b", "a\u{0}", "ä"])
    func namesThatAreNoModules(name: String) {
        guard case .missing(let reason) = ModuleFinder(folder: "/").find(name) else {
            Issue.record("\(name) was found")
            return
        }
        #expect(reason.hasSuffix("is not the name of a module"))
    }
}
