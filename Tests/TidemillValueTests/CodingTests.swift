import Testing
import TidemillValue

@Suite struct CodingTests {
    struct Order: Codable, Hashable {
        struct Item: Codable, Hashable {
            var name: String
            var price: Double
            var count: UInt8
        }

        enum State: String, Codable { case open, paid }

        var id: Int64
        var note: String?
        var items: [Item]
        var state: State
        var labels: [String: Bool]
        var extra: Value
        var raw: Bytes

        static let example = Order(
            id: .max,
            items: [Item(name: "Tüte", price: 1.5, count: 255), Item(name: "", price: -0.0, count: 0)],
            state: .paid,
            labels: ["new": true],
            extra: ["deep": [1, 2.5, .null]],
            raw: [0xFF, 0x00 as UInt8].withUnsafeBytes { Bytes(copying: $0) }
        )

        static func == (left: Order, right: Order) -> Bool {
            left.id == right.id && left.note == right.note && left.items == right.items && left.state == right.state
                && left.labels == right.labels && left.extra == right.extra && left.raw == right.raw
        }

        func hash(into hasher: inout Hasher) { hasher.combine(id) }
    }

    @Test func whatIsEncodedIsDecoded() throws {
        let value = try ValueEncoder().encode(Order.example)
        #expect(value["id"] == .integer(.max) && value["note"] == nil && value["items"]?[0]?["count"] == 255)
        #expect(value["extra"] == ["deep": [1, 2.5, .null]] && value["raw"]?.bytes?.count == 2)
        #expect(try ValueDecoder().decode(Order.self, from: value) == Order.example)
    }

    @Test func anOptionalMayBeNullOrMissing() throws {
        for note in [Value.null, "x"] {
            var fields = try ValueEncoder().encode(Order.example).fields ?? []
            fields.append(("note", note))
            #expect(try ValueDecoder().decode(Order.self, from: .table(fields)).note == note.text)
        }
    }

    @Test(arguments: [
        (Value.integer(300), "an integer from 0 to 255"), (.number(1.5), "an integer from 0 to 255"),
        ("1", "an integer from 0 to 255"), (.null, "an integer from 0 to 255"),
    ])
    func whatDoesNotFitIsRefused(_ value: Value, _ wanted: String) {
        let error = #expect(throws: DecodingError.self) {
            try ValueDecoder().decode([String: UInt8].self, from: ["count": value])
        }
        guard case .typeMismatch(_, let context)? = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(context.codingPath.map(\.stringValue) == ["count"])
        #expect(context.debugDescription.hasPrefix("expected \(wanted)"), "\(context.debugDescription)")
    }

    @Test func aWholeNumberIsAnInteger() throws {
        #expect(try ValueDecoder().decode([Int].self, from: [1, 2.0]) == [1, 2])
        #expect(try ValueDecoder().decode([Double].self, from: [1, 2.5]) == [1, 2.5])
    }

    @Test func anEmptyTableOfAScriptIsEither() throws {
        #expect(try ValueDecoder().decode([Int].self, from: .table([])).isEmpty)
        #expect(try ValueDecoder().decode([String: Int].self, from: .array([])).isEmpty)
    }

    @Test func anIntegerBeyond64BitsIsRefused() {
        #expect(throws: EncodingError.self) { try ValueEncoder().encode([UInt64.max]) }
    }

    @Test func inheritedFieldsAreThere() throws {
        class Base: Codable { var base = 1 }
        final class Derived: Base {
            var own = 2
            enum Keys: CodingKey { case own }
            override init() { super.init() }
            required init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: Keys.self)
                own = try container.decode(Int.self, forKey: .own)
                try super.init(from: container.superDecoder())
            }
            override func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: Keys.self)
                try container.encode(own, forKey: .own)
                try super.encode(to: container.superEncoder())
            }
        }
        let value = try ValueEncoder().encode(Derived())
        #expect(value == ["own": 2, "super": ["base": 1]])
        #expect(try ValueDecoder().decode(Derived.self, from: value).base == 1)
    }
}
