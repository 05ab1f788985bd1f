import Testing
import Tidemill

/// Wrong files and the exact lines that a user sees.
@Suite struct ConfigurationIssueTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var issues: [String]
        var environment: [String: String] = [:]
        var testDescription: String { issues.first ?? text }
    }

    @Test(arguments: fields + nodes + references)
    func reports(_ wrong: Case) {
        #expect(ConfigurationFixture.issues(wrong.text, environment: wrong.environment) == wrong.issues)
    }

    private static func source(_ fields: String) -> String {
        ConfigurationFixture.pipeline(sources: #"{"name":"in","type":"generate",\#(fields)}"#)
    }

    private static func file(_ fields: String) -> String {
        ConfigurationFixture.pipeline(sources: #"{"name":"in","type":"file",\#(fields)}"#)
    }

    private static func stage(_ fields: String) -> String {
        ConfigurationFixture.pipeline(stages: #"{"name":"s",\#(fields)}"#)
    }

    static let fields: [Case] = [
        Case(text: "[]", issues: ["c.json:1:1: expected an object, found an array"]),
        Case(
            text: "{}",
            issues: [
                "c.json:1:1: the field \"sources\" is missing (hint: it is a list of sources)",
                "c.json:1:1: the field \"sinks\" is missing (hint: it is a list of sinks)",
            ]
        ),
        Case(
            text: source(#""count":"8""#),
            issues: [
                "c.json:1:53: /sources/0/count: expected an integer from 0 to 1000000, found the string \"8\""
                    + " (hint: write it without quotes: 8)"
            ]
        ),
        Case(
            text: source(#""count":2.5"#),
            issues: ["c.json:1:53: /sources/0/count: expected an integer from 0 to 1000000, found the number 2.5"]
        ),
        Case(
            text: source(#""count":-1,"cuont":1,"rate":true"#),
            issues: [
                "c.json:1:53: /sources/0/count: expected an integer from 0 to 1000000, found the integer -1",
                "c.json:1:56: /sources/0/cuont: unknown key \"cuont\" (hint: did you mean \"count\"?)",
                "c.json:1:73: /sources/0/rate: expected a number from 0.0 to 1000000000.0, found true",
            ]
        ),
        Case(
            text: source(#""zzz":1"#),
            issues: [
                "c.json:1:45: /sources/0/zzz: unknown key \"zzz\""
                    + " (hint: known keys: name, type, deadline, on_sibling_failure, on_error, count, rate, token, "
                    + "headers)"
            ]
        ),
        Case(
            text: source(#""headers":{"a":1}"#),
            issues: [
                "c.json:1:60: /sources/0/headers/a: expected a string, found the integer 1 (hint: write it in quotes: \"1\")"
            ]
        ),
        Case(
            text: source(#""token":5"#),
            issues: ["c.json:1:53: /sources/0/token: expected a string, found a value that is not shown"]
        ),
        Case(
            text: file(#""path":"a","poll":5"#),
            issues: [
                "c.json:1:59: /sources/0/poll: expected a duration such as \"250ms\" or \"2s\" from 1ms to 1h, "
                    + "found the integer 5 (hint: add the unit: \"5s\" or \"5ms\")"
            ]
        ),
        Case(
            text: file(#""path":"a","max_line":"64K""#),
            issues: [
                "c.json:1:63: /sources/0/max_line: expected a size such as \"64KiB\" or a number of bytes from 1B to "
                    + "1GiB, found the string \"64K\" (hint: write \"64KiB\")"
            ]
        ),
        Case(
            text: file(#""path":"a","format":"line","follow":"true""#),
            issues: [
                "c.json:1:61: /sources/0/format: expected \"lines\" or \"json_lines\", found the string \"line\""
                    + " (hint: did you mean \"lines\"?)",
                "c.json:1:77: /sources/0/follow: expected true or false, found the string \"true\""
                    + " (hint: write it without quotes)",
            ]
        ),
        Case(
            text: file(#""path":[]"#),
            issues: ["c.json:1:48: /sources/0/path: expected at least 1 in the list, found an empty list"]
        ),
        Case(
            text: file(#""path":["a",3]"#),
            issues: [
                "c.json:1:53: /sources/0/path/1: expected a path, found the integer 3 (hint: write it in quotes: \"3\")"
            ]
        ),
        Case(
            text: file(#""path":null"#),
            issues: ["c.json:1:48: /sources/0/path: expected a path or a list of paths, found null"]
        ),
        Case(
            text: file(#""follow":true"#),
            issues: [
                "c.json:1:14: /sources/0: the field \"path\" is missing"
                    + " (hint: it is a path or a list of paths, such as \"a.log\")"
            ]
        ),
        Case(
            text: ConfigurationFixture.pipeline(more: #","shutdown_timeout":"2 s","server":{}"#),
            issues: [
                "c.json:3:64: /shutdown_timeout: expected a duration such as \"250ms\" or \"2s\" of at most 1d, found the "
                    + "string \"2 s\" (hint: units are d, h, m, s, ms, us and ns)",
                "c.json:3:70: /server: unknown key \"server\" (hint: known keys: name, sources, stages, sinks, "
                    + "dead_letters, rate_limits, shutdown_timeout)",
            ]
        ),
    ]

    static let nodes: [Case] = [
        Case(
            text: ConfigurationFixture.pipeline(sources: #"{"name":"in","type":"flie"}"#),
            issues: ["c.json:1:34: /sources/0/type: unknown type \"flie\" of source (hint: did you mean \"file\"?)"]
        ),
        Case(
            text: ConfigurationFixture.pipeline(sources: #"{"name":"in","path":"a"}"#),
            issues: ["c.json:1:14: /sources/0: the field \"type\" is missing (hint: known types: file, generate)"]
        ),
        Case(
            text: ConfigurationFixture.pipeline(sources: #"{"name":"in","type":7}"#),
            issues: [
                "c.json:1:34: /sources/0/type: expected a string that is not empty, found the integer 7"
                    + " (hint: write it in quotes: \"7\")"
            ]
        ),
        Case(
            text: ConfigurationFixture.pipeline(sources: "7", more: ",\"dead_letters\":\"x\""),
            issues: [
                "c.json:1:14: /sources/0: expected a source, which is an object, found the integer 7",
                "c.json:3:60: /dead_letters: expected a sink, which is an object, found the string \"x\"",
            ]
        ),
        Case(
            text: ConfigurationFixture.pipeline(sources: #"{"name":"in","type":"drop"}"#),
            issues: ["c.json:1:34: /sources/0/type: unknown type \"drop\" of source (hint: \"drop\" is a type of sink)"]
        ),
        Case(
            text: ConfigurationFixture.pipeline(sources: #"{"name":"in","type":"kafka","brokers":1}"#),
            issues: [
                "c.json:1:34: /sources/0/type: unknown type \"kafka\" of source (hint: known types: file, generate)"
            ]
        ),
        Case(
            text: ConfigurationFixture.pipeline(sources: #"{"name":"In.1","type":"generate"}"#),
            issues: [
                "c.json:1:22: /sources/0/name: expected a name (a lower-case letter, then letters, digits, \"_\" or \"-\"), "
                    + "found the string \"In.1\""
            ]
        ),
        Case(
            text: ConfigurationFixture.pipeline(stages: #"{"name":"s"}"#),
            issues: [
                "c.json:2:13: /stages/0: a stage needs \"script\" or \"type\" (hint: \"script\" is the path of a Lua script)"
            ]
        ),
        Case(
            text: stage(#""script":"s.lua","workers":0"#),
            issues: [
                "c.json:2:52: /stages/0/workers: expected an integer from 1 to 4096, \"cores\" or an object, found the integer 0"
            ]
        ),
        Case(
            text: stage(#""script":"s.lua","workers":"core""#),
            issues: [
                "c.json:2:52: /stages/0/workers: expected an integer from 1 to 4096, \"cores\" or an object, found the string \"core\""
                    + " (hint: did you mean \"cores\"?)"
            ]
        ),
        Case(
            text: stage(#""script":"s.lua","wokers":2,"channel":{"capacity":1048577,"overflow":"blok"}"#),
            issues: [
                "c.json:2:42: /stages/0/wokers: unknown key \"wokers\" (hint: did you mean \"workers\"?)",
                "c.json:2:75: /stages/0/channel/capacity: expected an integer from 0 to 1048576, found the integer 1048577",
                "c.json:2:94: /stages/0/channel/overflow: expected \"block\", \"drop_newest\", \"drop_oldest\" or \"reject\", "
                    + "found the string \"blok\" (hint: did you mean \"block\"?)",
            ]
        ),
        Case(
            text: stage(#""type":"upper","memory":"1MiB","script":"x""#),
            issues: [
                "c.json:2:40: /stages/0/memory: unknown key \"memory\" (hint: known keys: name, type, inputs, "
                    + "channel, workers, dispatch, order, key, max_per_key, batch, timeout, deadline, retry, "
                    + "circuit_breaker, max_stuck_workers, rate_limit, on_error)",
                "c.json:2:56: /stages/0/script: unknown key \"script\" (hint: known keys: name, type, inputs, "
                    + "channel, workers, dispatch, order, key, max_per_key, batch, timeout, deadline, retry, "
                    + "circuit_breaker, max_stuck_workers, rate_limit, on_error)",
            ]
        ),
        Case(
            text: stage(#""type":"upper","on_error":"dead_letter""#),
            issues: [
                "c.json:2:51: /stages/0/on_error: \"dead_letter\" needs \"dead_letters\", which is not set"
                    + " (hint: add \"dead_letters\": {\"type\": …} beside \"sinks\")"
            ]
        ),
        Case(
            text: stage(#""type":"upper","inputs":"in""#),
            issues: [
                "c.json:2:49: /stages/0/inputs: expected a list of strings, found "
                    + "the string \"in\" (hint: write it in brackets: [\"in\"])"
            ]
        ),
        Case(
            text: ConfigurationFixture.pipeline(more: #","dead_letters":{"name":"x","type":"drop"}"#),
            issues: ["c.json:3:61: /dead_letters/name: unknown key \"name\" (hint: known keys: type)"]
        ),
        Case(
            text: ConfigurationFixture.pipeline(more: #","name":"a","name":"b""#),
            issues: ["c.json:3:56: /name: the key \"name\" is given twice (hint: it is first given in line 3)"]
        ),
    ]

    static let references: [Case] = [
        Case(
            text: source(#""count":{"$env":"N"}"#),
            issues: [
                "c.json:1:53: /sources/0/count: the environment variable \"N\" is not set (hint: set it, or add \"default\")"
            ]
        ),
        Case(
            text: source(#""count":{"$env":"N"}"#),
            issues: [
                "c.json:1:53: /sources/0/count: expected an integer from 0 to 1000000, found a value that is not shown"
            ],
            environment: ["N": "secret"]
        ),
        Case(text: source(#""count":{"$env":"N"}"#), issues: [], environment: ["N": "8"]),
        Case(text: source(#""count":{"$env":"N","default":8}"#), issues: []),
        Case(
            text: source(#""count":{"$env":5,"defualt":8}"#),
            issues: [
                "c.json:1:61: /sources/0/count/$env: expected the name of a variable, found the integer 5",
                "c.json:1:63: /sources/0/count/defualt: unknown key \"defualt\" beside \"$env\""
                    + " (hint: did you mean \"default\"?)",
            ]
        ),
        Case(
            text: source(#""token":{"$file":"key"}"#),
            issues: [
                "c.json:1:53: /sources/0/token: the file \"key\" cannot be read: No such file or directory"
            ]
        ),
        Case(
            text: stage(#""script":"s.lua","workers":{"$env":"W"},"options":{"a":{"$env":"A"}}"#),
            issues: [
                "c.json:2:80: /stages/0/options/a: the environment variable \"A\" is not set"
                    + " (hint: set it, or add \"default\")"
            ],
            environment: ["W": "cores"]
        ),
    ]
}
