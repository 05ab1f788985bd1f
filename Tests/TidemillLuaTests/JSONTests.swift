import CValue
import Testing

@testable import TidemillLua

@Suite struct JSONTests {
    @Test(arguments: [
        ("1", "1"), ("-0", "0"), ("-0.0", "-0.0"), ("1.0", "1.0"), ("1e5", "100000.0"), ("1E+2", "100.0"),
        ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775808", "9.223372036854776e+18"), ("0.1", "0.1"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"), ("12345.678", "12345.678"), ("0.001", "0.001"),
        (" [ ] ", "[]"), ("{}", "{}"), ("[1,[2,{\"a\":null}],true,false]", "[1,[2,{\"a\":null}],true,false]"),
        (#""\ud83d\ude00\u00e9\n\u0001\/""#, "\"😀é\\n\\u0001/\""),
        (#""0123456789abcdef\"é""#, #""0123456789abcdef\"é""#),
        (#"{"a":1,"b":2,"a":{"x":3}}"#, #"{"b":2,"a":{"x":3}}"#),
    ])
    func readsAndWrites(_ text: String, _ expected: String) throws {
        #expect(try json(flat(text)) == expected)
    }

    @Test(arguments: [
        "", " ", "01", "1.", ".5", "-", "1e", "+1", "1e309", "nul", "true false", "[1,]", "[", "{", "{\"a\"",
        "{\"a\":}",
        "{a:1}", "{\"a\":1,}", "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"\u{1}\"", "NaN", "Infinity", "[1 2]", "]", "'a'", "/**/1",
    ])
    func refuses(_ text: String) {
        #expect(throws: LuaError.self) { try flat(text) }
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
            [0x22, 0xE2, 0x82, 0x22], [0xEF, 0xBB, 0xBF, 0x31],
        ] as [[UInt8]]
    )
    func refusesWhatIsNotUTF8(_ bytes: [UInt8]) {
        var buffer = tide_buffer()
        var problem = tide_json_error()
        #expect(!tide_json_read(bytes, bytes.count, &buffer, &problem))
        #expect(buffer.count == 0)
        tide_buffer_free(&buffer)
    }

    @Test func nestingStopsAtTheLimit() throws {
        let deep = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
        #expect(try json(flat(deep(64))) == deep(64))
        #expect(throws: LuaError.self) { try flat(deep(65)) }
        #expect(throws: LuaError.self) { try flat(String(repeating: "[", count: 1_000_000)) }
    }

    @Test func equalKeysAmongManyKeepTheLast() throws {
        let entries = (0..<5000).map { "\"key\($0 % 2500)\":\($0)" }.joined(separator: ",")
        let kept = (2500..<5000).map { "\"key\($0 - 2500)\":\($0)" }.joined(separator: ",")
        #expect(try json(flat("{\(entries)}")) == "{\(kept)}")
    }

    @Test func writerSurvivesDamage() throws {
        var random = SeededNumbers(seed: 7)
        let whole = try flat(#"{"a":[1,2.5,"text",null],"b":{"c":true},"d":"more text than sixteen bytes"}"#)
        for _ in 0..<20_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0...4, using: &random))
            _ = try? json(bytes)
        }
    }

    @Test func bytesThatAreNotUTF8BecomeReplacementCharacters() throws {
        let state = try LuaState.handler(#"return "a\xff\xc3(\u{20ac}\0b""#, ports: [LuaPort(format: .jsonLine)])
        #expect(try state.results() == ["\"a\u{FFFD}\u{FFFD}(€\\u0000b\"\n"])
    }
}
