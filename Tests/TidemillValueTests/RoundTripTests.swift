import Testing
import TidemillValue

@Suite struct RoundTripTests {
    @Test(arguments: 0..<8) func flatAndJSONGiveTheValueBack(part: Int) throws {
        for seed in part * 250..<(part + 1) * 250 {
            var random = SeededGenerator(seed: seed)
            let value = Value.random(depth: 5, using: &random)
            #expect(Value(encoding: value.encoded) == value, "seed \(seed)")
            let text = try value.json()
            let read = try Value(json: text)
            #expect(read == value, "seed \(seed): \(text)")
            #expect(try read.json() == text, "seed \(seed)")
            #expect(!text.utf8.contains(UInt8(ascii: "\n")), "seed \(seed)")
            // The same value as text that nobody has parsed yet.
            guard case .record = value else { continue }
            let lazy = Value.record(Record(text: Bytes(text)))
            #expect(lazy == value && value == lazy, "seed \(seed)")
            #expect(Value(encoding: Value.array([lazy]).encoded) == [value], "seed \(seed)")
            #expect(try lazy.json() == text)
        }
    }

    @Test func numbersKeepTheirKind() throws {
        #expect(try Value(json: "1") == .integer(1))
        #expect(try Value(json: "1.0") == .number(1))
        #expect(Value.integer(1) != .number(1))
        #expect(try Value.number(1).json() == "1.0")
        #expect(try Value(json: "9223372036854775807") == .integer(.max))
        #expect(try Value(json: "-9223372036854775808") == .integer(.min))
        #expect(try Value(json: "9223372036854775808") == .number(9_223_372_036_854_775_808))
        for number in [0.1, -0.0, .leastNonzeroMagnitude, 1.7976931348623157e308, 1e21, 123456789.125] {
            let read = try Value(json: Value.number(number).json())
            #expect(read.number?.bitPattern == number.bitPattern)
        }
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity]) func whatIsNotFiniteHasNoJSON(number: Double) {
        #expect(throws: JSONError.self) { try Value.number(number).json() }
        #expect(throws: JSONError.self) { try Value.array([1, .number(number)]).json() }
        var writer = ByteWriter()
        writer.append("kept")
        do {
            try writer.append(json: [1, .number(number)])
            Issue.record("\(number) was written")
        } catch {
            #expect(error.reason.isEmpty == false)
        }
        #expect(writer.take() == "kept", "what was written of the value is taken back")
        #expect("\(Value.number(number))" == "<a value that is not JSON>")
        // It has a flat form all the same.
        let read = Value(encoding: Value.number(number).encoded).number
        #expect(read?.bitPattern == number.bitPattern)
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\":1,}", "01", "1.", "+1", "nul", "\"\\x\"", "\"\\ud800\"", "[1] 2", "'a'", "1e999",
        "{\"a\" 1}", "{1:2}", "\"a", "[", "]", "\u{FEFF}1", "NaN", "--1", "\"\n\"",
    ]) func badTextIsRefused(text: String) {
        #expect(throws: JSONError.self) { try Value(json: text) }
    }

    @Test func nestingIsBounded() throws {
        let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        _ = try Value(json: deep)
        #expect(throws: JSONError.self) { try Value(json: "[" + deep + "]") }
        var value: Value = []
        for _ in 0..<200 { value = [value] }
        #expect(throws: JSONError.self) { try value.json() }
    }
}
