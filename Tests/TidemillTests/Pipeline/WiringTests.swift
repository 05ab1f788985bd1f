import Testing

@testable import Tidemill

@Suite struct WiringTests {
    private static func source(_ name: String) -> PipelineNode { .source(name) { _ in } }
    private static func stage(_ name: String, _ inputs: [String]? = nil) -> PipelineNode {
        .stage(name, inputs: inputs, transform: { $0 })
    }
    private static func sink(_ name: String, _ inputs: [String]? = nil) -> PipelineNode {
        .sink(name, inputs: inputs) { _ in }
    }

    private static let bad: [(nodes: [PipelineNode], node: String, message: String)] = [
        ([source("a"), sink("a")], "a", "two nodes have this name"),
        ([source("a")], "a", "no node reads it"),
        ([sink("out")], "out", "there is no node before it to read from"),
        ([source("a"), stage("b"), sink("c"), sink("d")], "d", "it needs `inputs`: the node before it is a sink"),
        ([source("a"), stage("b")], "b", "no node reads it"),
        ([source("a"), sink("b", [])], "b", "it reads from no node"),
        ([source("a"), sink("b", ["c"])], "b", "there is no node \"c\" to read from"),
        ([source("a"), sink("b", [""])], "b", "there is no node \"\" to read from"),
        ([source("a"), sink("b", [".a"])], "b", "there is no node \".a\" to read from"),
        ([source("a"), sink("b"), sink("c", ["b"])], "c", "\"b\" is a sink"),
        ([source("a"), sink("b", ["a.errors"])], "b", "\"a.errors\" names a port, and sources have none"),
        ([source("a"), sink("b", ["a", "a"])], "b", "it reads \"a\" twice"),
        ([source("a"), stage("b", ["b"]), sink("c", ["a", "b"])], "b", "it reads, by way of others, from itself"),
        (
            [source("a"), stage("b", ["a", "c"]), stage("c", ["b.again"]), sink("d", ["b"])], "b",
            "it reads, by way of others, from itself"
        ),
        ([source("a.b"), sink("c")], "a.b", "a name is not empty and has no dot in it"),
        ([source(""), sink("c")], "", "a name is not empty and has no dot in it"),
    ]

    @Test(arguments: bad.indices) func refuses(number: Int) {
        let (nodes, node, message) = Self.bad[number]
        let error = #expect(throws: PipelineError.self) { try Pipeline(name: "bad", nodes: nodes) }
        #expect(error?.node == node)
        #expect(error?.message == message)
        #expect(error?.code == .wiring)
    }

    private static let good: [(nodes: [PipelineNode], readers: [[Int]])] = [
        ([], []),
        ([source("a"), sink("b")], [[1], []]),
        ([source("a"), source("b"), sink("c")], [[2], [2], []]),
        ([source("a"), stage("b"), stage("c"), sink("d")], [[1], [2], [3], []]),
        // Fan-out, fan-in, a diamond, ports, and a node that is read before it is named.
        ([source("a"), sink("b"), sink("c", ["a"])], [[1, 2], [], []]),
        ([source("a"), stage("b"), stage("c", ["a"]), sink("d", ["b", "c"])], [[1, 2], [3], [3], []]),
        ([source("a"), stage("b"), sink("c"), sink("d", ["b.errors"])], [[1], [2, 3], [], []]),
        ([source("a"), stage("b"), sink("c", ["b", "b.errors"])], [[1], [2], []]),
        ([source("a"), sink("d", ["c"]), stage("c", ["a"])], [[2], [], [1]]),
    ]

    @Test(arguments: good.indices) func connects(number: Int) throws {
        let wiring = try Wiring(Self.good[number].nodes)
        let readers = wiring.outputs.indices.map { wiring.readers(of: $0).sorted() }
        #expect(readers == Self.good[number].readers)
    }
}
