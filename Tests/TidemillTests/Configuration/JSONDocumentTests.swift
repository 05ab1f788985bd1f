import Testing
import Tidemill

@Suite struct JSONDocumentTests {
    private func parse(_ text: String) throws(ConfigurationError) -> JSONDocument {
        try JSONDocument(parsing: Array(text.utf8), file: "f")
    }

    @Test(arguments: [
        ("null", "null"), (" true ", "true"), ("false", "false"), ("-0", "0"), ("12", "12"), ("1.0", "1.0"),
        ("1e3", "1000.0"), ("-2.5E-1", "-0.25"), ("9223372036854775807", "9223372036854775807"),
        (#""a\"\\\/\n\t\u0041\uD83D\uDE00é""#, #""a\"\\/\n\tA😀é""#), ("[]", "[]"), ("[1,2,]", "[1,2]"), ("{}", "{}"),
        (#"{"b":1,"a":[{}],}"#, #"{"b":1,"a":[{}]}"#), ("// c\n1/* x **/", "1"), ("\u{FEFF}1", "1"),
        ("[1 // one\n, 2]", "[1,2]"), (#""\u0000""#, #""\u0000""#),
    ])
    func accepts(_ text: String, _ json: String) throws {
        #expect(try parse(text).root.value.json == json)
    }

    @Test(arguments: [
        ("", "f:1:1: expected a value, found the end of the file"),
        ("// x", "f:1:5: expected a value, found the end of the file"),
        ("[1 2]", "f:1:4: expected \",\" or \"]\", found \"2\""),
        ("{\"a\" 1}", "f:1:6: /a: expected \":\" after the key, found \"1\""),
        ("{a: 1}", "f:1:2: expected a key in double quotes or \"}\", found \"a\""),
        ("{\"a\": 1, b}", "f:1:10: expected a key in double quotes, found \"b\""),
        ("{\"a\": 1", "f:1:8: expected \",\" or \"}\", found the end of the file"),
        ("[,]", "f:1:2: /0: expected a value, found \",\""),
        ("1 2", "f:1:3: expected the end of the file, found \"2\""),
        ("'a'", "f:1:1: expected a value, found \"'\""),
        ("ture", "f:1:1: expected a value, found the word \"ture\" (hint: did you mean \"true\"?)"),
        ("[yes]", "f:1:2: /0: expected a value, found the word \"yes\" (hint: text needs double quotes)"),
        ("01", "f:1:1: a number does not begin with 0"),
        ("-", "f:1:2: expected a digit, found the end of the file"),
        ("1.", "f:1:3: expected a digit after \".\", found the end of the file"),
        ("1ex", "f:1:3: expected a digit after the exponent's \"e\", found \"x\""),
        ("+1", "f:1:1: expected a value, found \"+\""),
        (
            "2s",
            "f:1:2: expected the number to end, found \"s\""
                + " (hint: text such as \"250ms\" or \"64KiB\" needs double quotes)"
        ),
        ("\"a\nb\"", "f:1:1: this string is never closed: expected '\"' before the end of the line"),
        ("[\"a", "f:1:2: /0: this string is never closed: expected '\"' before the end of the file"),
        ("\"\t\"", "f:1:2: a control character in a string (hint: write it as an escape, as \"\\t\" is for a tab)"),
        ("\"\\x\"", "f:1:2: unknown escape in a string (hint: a backslash is \"\\\\\")"),
        ("\"\\", "f:1:3: expected an escape after \"\\\", found the end of the file"),
        (
            "\"é\\uD800\"",
            "f:1:3: expected \\u and four hexadecimal digits of a character"
                + " (hint: a character beyond U+FFFF is a pair of surrogates, or stands for itself)"
        ),
        ("\n\n  /* x", "f:3:3: this comment is never closed (hint: add */)"),
        ("{\"é😀\": €}", "f:1:8: /é😀: expected a value, found \"€\""),
        ("1\r\n\u{1B}", "f:2:1: expected the end of the file, found \"\\u001b\""),
    ])
    func refuses(_ text: String, _ issue: String) {
        let error = #expect(throws: ConfigurationError.self) { try parse(text) }
        #expect(error?.description == issue)
    }

    @Test func reportsWhatDoesNotStopIt() throws {
        let document = try parse("{\"a\": 1,\n \"a\": 2, \"b/~\": 1e999,\n \"c\": [99999999999999999999]}")
        #expect(
            document.issues.map(\.description) == [
                "f:2:2: /a: the key \"a\" is given twice (hint: it is first given in line 1)",
                "f:2:17: /b~1~0: the number does not fit into 64 bits",
                "f:3:8: /c/0: the number does not fit into 64 bits",
            ]
        )
        #expect(document.root.value["a"] == 1)
    }

    @Test func limitsDepthAndSize() throws {
        let deep = String(repeating: "[", count: 100_000)
        let error = #expect(throws: ConfigurationError.self) { try parse(deep) }
        #expect(error?.description == "f:1:129: more than 128 arrays and objects within each other")
        _ = try parse(String(repeating: "[", count: 128) + String(repeating: "]", count: 128))

        var limits = JSONDocument.Limits()
        limits.bytes = 3
        let large = #expect(throws: ConfigurationError.self) {
            try JSONDocument(parsing: Array("[1 ]".utf8), file: "f", limits: limits)
        }
        #expect(large?.description == "f:1:1: the file has 4 bytes, more than the 3 allowed")
    }

    @Test func refusesBytesThatAreNoText() {
        let error = #expect(throws: ConfigurationError.self) {
            try JSONDocument(parsing: [0x5B, 0x22, 0xFF, 0x22, 0x5D], file: "f")
        }
        #expect(error?.description == "f:1:2: /0: the string is not valid UTF-8")
    }

    @Test func printsForPeople() {
        let value: ConfigurationValue = ["a": [1, nil], "b": [:], "c": "x\u{7F}"]
        #expect(value.prettyJSON == "{\n  \"a\": [\n    1,\n    null\n  ],\n  \"b\": {},\n  \"c\": \"x\\u007f\"\n}")
    }
}
