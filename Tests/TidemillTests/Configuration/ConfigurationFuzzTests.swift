import Testing
import Tidemill
import TidemillTesting

/// Damaged files: whatever they say, the answer is a pipeline or issues with places in the file.
@Suite struct ConfigurationFuzzTests {
    private static let fragments = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "null", "true", "-1", "1e308", "99999999999999999999", "0.1",
        "\"parse\"", "\"enrich\"", "\"log\"", "\"out\"", "\"inputs\":[\"enrich\"],", "\"name\":\"log\",",
        "{\"$env\":\"KEY\"}", "{\"$file\":\"x\"}", "\"$env\"", "//", "/*", "\n", "\u{0}", "é", "😀", "\"1m\"",
        "\"dead_letter\"", "\"parse.x\"", "[[[[[[[[", "\"9223372036854775807d\"", "\"9223372036854775807TiB\"",
    ]

    @Test(arguments: 0..<8 as Range<UInt64>)
    func neverTraps(_ seed: UInt64) {
        var generator = SeededRandom(seed: seed)
        let good = Array(ConfigurationFixture.good.utf8)
        for _ in 0..<400 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &generator) { mutate(&bytes, &generator) }
            check(bytes)
        }
    }

    @Test func everyPrefixIsRefusedWithAPlace() {
        let good = Array(ConfigurationFixture.good.utf8)
        for length in good.indices { check(Array(good[..<length]), mayLoad: false) }
    }

    private func mutate(_ bytes: inout [UInt8], _ generator: inout SeededRandom) {
        let place = Int.random(in: 0...bytes.count, using: &generator)
        let length = min(Int.random(in: 0...12, using: &generator), bytes.count - place)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes.removeSubrange(place..<place + length)
        case 1: bytes.insert(contentsOf: Self.fragments.randomElement(using: &generator)?.utf8 ?? "".utf8, at: place)
        case 2: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        case 3: bytes.insert(contentsOf: Array(bytes[place..<place + length]), at: place)
        default:
            let fragment = Self.fragments.randomElement(using: &generator)?.utf8 ?? "".utf8
            bytes.replaceSubrange(place..<place + length, with: fragment)
        }
    }

    private func check(_ bytes: [UInt8], mayLoad: Bool = true) {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        do throws(ConfigurationError) {
            let pipeline = try ConfigurationFixture.load(bytes: bytes, environment: ["KEY": "1"])
            #expect(mayLoad)
            #expect(!pipeline.graph.text.isEmpty && !pipeline.graph.dot.isEmpty && !pipeline.redactedJSON.isEmpty)
            #expect(pipeline.graph.nodes.count >= 2)
        } catch {
            #expect(!error.issues.isEmpty)
            #expect(error.issues.map(\.location) == error.issues.map(\.location).sorted())
            for issue in error.issues {
                #expect(issue.location.file == "c.json" && !issue.message.isEmpty)
                #expect((1...lines.count).contains(issue.location.line))
                let width = (lines.count >= issue.location.line) ? lines[issue.location.line - 1].count * 3 : 0
                #expect((1...width + 1).contains(issue.location.column))
                #expect(!issue.description.contains("\n"))
            }
        }
    }
}
