import Testing
import TidemillValue

@Suite struct RecordTests {
    @Test func literalsMakeValues() {
        let value: Value = ["a": 1, "b": [true, 2.5, .null, "x"], "c": [:]]
        #expect(value["a"]?.integer == 1 && value["b"]?[1]?.number == 2.5 && value["b"]?[0]?.bool == true)
        #expect(value["b"]?[3]?.text == "x" && value["b"]?[2] == Value.null)
        #expect(value["c"]?.fields?.isEmpty == true && value["c"]?.elements == nil)
        #expect(value["z"] == nil && value["b"]?[4] == nil && value["b"]?[-1] == nil && value[0] == nil)
        #expect(value.fields?.map(\.key) == ["a", "b", "c"])
        #expect("\(value)" == #"{"a":1,"b":[true,2.5,null,"x"],"c":{}}"#)
        #expect(Value.integer(3).number == 3 && Value.number(3).integer == nil)
    }

    @Test func theLastOfTwoEqualKeysCounts() {
        let value: Value = ["a": 1, "b": 2, "a": 3]
        #expect(value["a"] == 3 && value.fields?.count == 2)
    }

    @Test func keysAreBytesNotText() throws {
        // One text to Unicode, two keys to JSON.
        let text = "{\"\u{E9}\":1,\"e\u{301}\":2}"
        let value = try Value(json: text)
        #expect(value == value)
        let made = Value.table([("\u{E9}", 1), ("e\u{301}", 2)])
        #expect(made.fields?.count == 2)
        #expect(made == value && value["\u{E9}"] == 1 && value["e\u{301}"] == 2)
        #expect(Value.table([("\u{E9}", 1)]) != Value.table([("e\u{301}", 1)]))
    }

    @Test func keysThatAreNotUTF8StayApart() {
        // {0xFF: 1, 0xFE: 2} in the flat encoding.
        func table(_ first: UInt8, _ second: UInt8) -> Value {
            let entries: [UInt8] = [1, 0, 0, 0, first, 0x01, 1, 0, 0, 0, second, 0x02]
            let header: [UInt8] = [0x07, UInt8(entries.count + 4), 0, 0, 0, 2, 0, 0, 0]
            return Value(encoding: Bytes(header + entries))
        }
        #expect(table(0xFF, 0xFE) == table(0xFF, 0xFE))
        #expect(table(0xFF, 0xFE) != table(0xFE, 0xFF))
    }

    @Test func equalityLooksAtWhatTheyHold() throws {
        #expect(["a": 1, "b": 2] as Value == ["b": 2, "a": 1])
        #expect([1, 2] as Value != [2, 1])
        #expect([] as Value != [:] as Value)
        #expect(["a": 1] as Value != ["a": 1.0])
        #expect(["a": 1] as Value != ["a": 1, "b": .null])
        #expect(Value.record(Record(text: #" {"a": [1] }"#)) == ["a": [1]])
        #expect(Value.number(.nan) != .number(.nan))
    }

    @Test func textIsReadLikeTheEncoding() {
        let record = Record(text: "{\"a\":[1,2],\"b\":null}\n")
        #expect(record.count == 2 && !record.isArray && record["a"]?[1] == 2)
        #expect(Value.record(record).description == #"{"a":[1,2],"b":null}"#)
        #expect(Record(text: "not JSON").count == 0)
        #expect(Record(text: "").elements == [])
        #expect(Record(text: "12").elements == [])
    }

    @Test func footprintsGrowWithTheValue() {
        #expect(Value.null.footprint < Value.string("abc").footprint)
        #expect(Value.string(Bytes([UInt8](repeating: 0, count: 1000))).footprint >= 1000)
    }
}
