import Testing
import Tidemill

@Suite struct PipelineGraphTests {
    private static func upper(_ name: String, _ inputs: [String] = []) -> String { node(name, "upper", inputs) }

    private static func sink(_ name: String, _ inputs: [String] = []) -> String { node(name, "drop", inputs) }

    private static func node(_ name: String, _ type: String, _ inputs: [String]) -> String {
        let list = inputs.isEmpty ? "" : ",\"inputs\":" + ConfigurationValue.array(inputs.map { .string($0) }).json
        return "{\"name\":\"\(name)\",\"type\":\"\(type)\"\(list)}"
    }

    private func edges(_ text: String) throws -> [String] {
        try ConfigurationFixture.load(text).graph.edges.map { "\($0.from)\($0.port.map { ".\($0)" } ?? "")>\($0.to)" }
    }

    @Test func aNodeReadsFromTheOneBeforeIt() throws {
        let stages = [Self.upper("a"), Self.upper("b")].joined(separator: ",")
        #expect(try edges(ConfigurationFixture.pipeline(stages: stages)) == ["in>a", "a>b", "b>out"])
        #expect(try edges(ConfigurationFixture.pipeline()) == ["in>out"])
    }

    @Test func theFirstNodeReadsFromAllSources() throws {
        let sources = #"{"name":"x","type":"generate"},{"name":"y","type":"generate"}"#
        #expect(try edges(ConfigurationFixture.pipeline(sources: sources)) == ["x>out", "y>out"])
        #expect(
            try edges(ConfigurationFixture.pipeline(sources: sources, stages: Self.upper("a"))) == [
                "x>a", "y>a", "a>out",
            ]
        )
    }

    @Test func inputsMayNameLaterNodesAndPorts() throws {
        let stages = [Self.upper("b", ["a", "a.odd"]), Self.upper("a", ["in"])].joined(separator: ",")
        let graph = try ConfigurationFixture.load(
            ConfigurationFixture.pipeline(stages: stages, sinks: Self.sink("out", ["b"]))
        ).graph
        #expect(graph.nodes.map(\.name) == ["in", "a", "b", "out"])
        #expect(graph.portsRead(of: "a") == ["odd"])
        #expect(graph.readers(of: "a") == ["b"] && graph.readers(of: "a", port: "odd") == ["b"])
        #expect(graph.inputs(of: "b").count == 2)
    }

    @Test(arguments: [
        (
            [upper("a", ["inn"])], [sink("out")],
            ["c.json:2:50: /stages/0/inputs/0: there is no node \"inn\" (hint: did you mean \"in\"?)"]
        ),
        (
            [upper("a", ["zzzzzz"])], [sink("out")],
            [
                "c.json:1:23: /sources/0/name: nobody reads from the source \"in\" (hint: add \"in\" to the \"inputs\" of a "
                    + "node)",
                "c.json:2:50: /stages/0/inputs/0: there is no node \"zzzzzz\" (hint: nodes to read from: in)",
            ]
        ),
        (
            [upper("a", ["in", "a"])], [sink("out")],
            ["c.json:2:55: /stages/0/inputs/1: a node cannot read from itself"]
        ),
        (
            [upper("a", ["in", "in"])], [sink("out")],
            ["c.json:2:55: /stages/0/inputs/1: \"in\" is listed twice"]
        ),
        (
            [upper("a", ["in", "out"])], [sink("out")],
            ["c.json:2:55: /stages/0/inputs/1: \"out\" is a sink, and nothing comes out of a sink"]
        ),
        (
            [upper("a", ["in.x"])], [sink("out")],
            [
                "c.json:2:50: /stages/0/inputs/0: \"in\" is a source, and a source has no ports (hint: write \"in\")"
            ]
        ),
        (
            [upper("a")], [sink("out", ["a", "a.B c"])],
            ["c.json:3:54: /sinks/0/inputs/1: \"B c\" is not the name of a port (hint: a port is written name.port)"]
        ),
        (
            [upper("a")], [sink("out"), sink("more")],
            [
                "c.json:3:41: /sinks/1: the node before it is a sink, so it needs \"inputs\" (hint: add \"inputs\": [\"a\"])"
            ]
        ),
        (
            [upper("a"), upper("b", ["in"])], [sink("out")],
            [
                "c.json:2:21: /stages/0/name: nobody reads from the stage \"a\" (hint: add \"a\" to the \"inputs\" of a node)"
            ]
        ),
        (
            [upper("a"), upper("a")], [sink("out")],
            ["c.json:2:49: /stages/1/name: another node is named \"a\" (hint: the first one is in line 2)"]
        ),
        (
            [upper("a\\n", ["b"]), upper("b")], [sink("out", ["in"])],
            [
                "c.json:2:21: /stages/0/name: expected a name (a lower-case letter, then letters, digits, \"_\" or \"-\"), "
                    + "found the string \"a\\n\"",
                "c.json:2:52: /stages/0/inputs/0: the inputs form a cycle: \"a\\n\" -> b -> \"a\\n\""
                    + " (hint: jobs must not come back to a node they passed)",
            ]
        ),
        (
            [upper("dead_letters")], [sink("out")],
            ["c.json:2:21: /stages/0/name: the name \"dead_letters\" is reserved for the sink of dead letters"]
        ),
        (
            [upper("a", ["in", "c"]), upper("b"), upper("c"), upper("d", ["c", "d2"]), upper("d2")], [sink("out")],
            [
                "c.json:2:55: /stages/0/inputs/1: the inputs form a cycle: a -> b -> c -> a"
                    + " (hint: jobs must not come back to a node they passed)",
                "c.json:2:158: /stages/3/inputs/1: the inputs form a cycle: d -> d2 -> d"
                    + " (hint: jobs must not come back to a node they passed)",
            ]
        ),
    ])
    func reportsWrongWiring(_ stages: [String], _ sinks: [String], _ issues: [String]) {
        let text = ConfigurationFixture.pipeline(
            stages: stages.joined(separator: ","),
            sinks: sinks.joined(separator: ",")
        )
        #expect(ConfigurationFixture.issues(text) == issues)
    }

    @Test func aMisspeltPortIsReportedOnceTheScriptIsLoaded() throws {
        let sinks = [Self.sink("out"), Self.sink("bad", ["a.erors"])].joined(separator: ",")
        let graph = try ConfigurationFixture.load(ConfigurationFixture.pipeline(stages: Self.upper("a"), sinks: sinks))
            .graph
        #expect(graph.portIssues(of: "a", emitted: ["erors"]).isEmpty)
        #expect(
            graph.portIssues(of: "a", emitted: ["errors"]).map(\.description) == [
                "c.json:3:79: /sinks/1/inputs/0: the stage \"a\" emits to no port \"erors\""
                    + " (hint: did you mean \"a.errors\"?)",
                "c.json:2:21: /stages/0/name: nobody reads the port \"errors\" of this stage"
                    + " (hint: add \"a.errors\" to the \"inputs\" of a node)",
            ]
        )
    }

    @Test func aLongChainIsNoDanger() throws {
        let stages = (0..<1_000).map { Self.upper("s\($0)") }.joined(separator: ",")
        let graph = try ConfigurationFixture.load(ConfigurationFixture.pipeline(stages: stages)).graph
        #expect(graph.nodes.count == 1_002)
        #expect(graph.text.contains("s999"))
        #expect(
            ConfigurationFixture.issues(ConfigurationFixture.pipeline(stages: stages + "," + Self.upper("more"))).count
                == 1
        )
    }

    @Test(.timeLimit(.minutes(10))) func manyMisspeltInputsAreNoDanger() {
        let inputs = (0..<200).map { "x\($0)" }
        let stages = (0..<500).map { Self.upper("s\($0)", inputs) }.joined(separator: ",")
        #expect(ConfigurationFixture.issues(ConfigurationFixture.pipeline(stages: stages)).count >= 100_000)
    }

    @Test func draws() throws {
        let graph = try ConfigurationFixture.load(ConfigurationFixture.good).graph
        #expect(
            graph.text == """
                log  source file
                `-> parse  stage script, 1 worker per core, channel 1024
                    |-> enrich  stage script, 4 workers, channel 16 drop_oldest
                    |   |-> out  sink file, channel 1024
                    |   `-> bad  sink drop, channel 1024
                    `-(errors)> bad (above)
                dead_letters  sink file, channel 1024, failed jobs of: log, parse, out, bad

                """
        )
        #expect(
            graph.mermaid == """
                flowchart LR
                    n0(["log<br/>source file"])
                    n1["parse<br/>stage script<br/>1 worker per core<br/>channel 1024"]
                    n2["enrich<br/>stage script<br/>4 workers<br/>channel 16 drop_oldest"]
                    n3[("out<br/>sink file<br/>channel 1024")]
                    n4[("bad<br/>sink drop<br/>channel 1024")]
                    n5[("dead_letters<br/>sink file<br/>channel 1024")]
                    n0 --> n1
                    n1 --> n2
                    n2 --> n3
                    n1 -- errors --> n4
                    n2 --> n4
                    n0 -. failed .-> n5
                    n1 -. failed .-> n5
                    n3 -. failed .-> n5
                    n4 -. failed .-> n5

                """
        )
        #expect(graph.dot.contains("\"parse\" -> \"bad\" [label=\"errors\"];\n"))
        #expect(graph.dot.contains("\"log\" [shape=ellipse, label=\"log\\nsource file\"];\n"))
    }
}
