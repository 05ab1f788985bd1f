import Foundation
import Testing
import TidemillTesting

@testable import Tidemill

/// What dead letters keep comes back as it was, byte for byte.
@Suite(.timeLimit(.minutes(10))) struct ExactValueTests {
    /// The value after it was written to a file as JSON and read back.
    private func back(_ value: Value) throws -> Value {
        try ExactValue.decode(Value(json: ExactValue.encode(value).json()))
    }

    @Test(arguments: 0..<400)
    func anyValueComesBack(seed: Int) throws {
        var random = SeededRandom(seed: seed)
        let value = Value.anything(depth: 4, using: &random)
        #expect(try back(value).flat == value.flat, "\(value)")
    }

    @Test(
        arguments: [
            .integer(.max), .integer(.min), .integer((1 << 53) + 1), .number(1), .number(-0.0),
            .number(.greatestFiniteMagnitude),
            .number(.leastNonzeroMagnitude), .number(.infinity), .number(-.infinity), .number(.nan), .null, "", [], [:],
            ["$base64": "eA=="], ["$number": "nan"], ["$table": []], ["$json": "1"], ["$base64": ["$base64": 1]],
            ["$base64": "eA==", "more": 1], ["$other": 1], .string(Bytes([0xFF])), .string(Bytes([0])),
            .string(Bytes([0xED, 0xA0, 0x80])), .string(Bytes([0xC0, 0x80])),
        ] as [Value]
    )
    func edges(value: Value) throws {
        #expect(try back(value).flat == value.flat)
        let nested: Value = ["x": [value, ["$base64": value]]]
        #expect(try back(nested).flat == nested.flat)
    }

    @Test func ordinaryValuesLookAsTheyAre() throws {
        let value: Value = ["text": "é\n", "list": [1, 1.0, .null, true], "$id": 1]
        #expect(try ExactValue.encode(value).json() == #"{"text":"é\n","list":[1,1.0,null,true],"$id":1}"#)
        #expect(try ExactValue.encode(.string(Bytes([0xFF, 0]))).json() == #"{"$base64":"/wA="}"#)
        #expect(try ExactValue.encode(["$base64": "eA=="]).json() == #"{"$table":[["$base64","eA=="]]}"#)
    }

    @Test func objectsComeBackAsWhatTheyWere() throws {
        final class Lost: ValueObject, @unchecked Sendable {
            override func archived() throws -> Bytes { throw DeadLetterProblem("no disk") }
        }
        let blob = try back(["a": .object(Blob(Bytes([0, 255])))])["a"]?.object as? Blob
        #expect(blob?.contents == Bytes([0, 255]))
        let other = try back(.object(ArchivedObject(type: "image", contents: "xyz"))).object as? ArchivedObject
        #expect(other?.typeName == "image" && other?.contents == "xyz")
        let problem = #expect(throws: DeadLetterProblem.self) { try back(.object(Lost(typeName: "thing"))) }
        #expect(problem?.description == "its thing could not be kept when it failed: no disk")
        // What only looks like one is itself.
        #expect(try back(["$object": ["type": "blob"]]) == ["$object": ["type": "blob"]])
    }

    @Test(arguments: [39, 40, 41, 63, 64, 100])
    func deepNesting(depth: Int) throws {
        var list: Value = .string(Bytes([0xFF]))
        var table = list
        var escaped = list
        for _ in 0..<depth {
            list = .array([list])
            table = ["k": table]
            escaped = ["$table": escaped]
        }
        for value in [list, table, escaped] {
            #expect(try back(value).flat == value.flat)
            let letter = DeadLetter.sample(value: value, metadata: ["m": value])
            #expect(try DeadLetter(record: Value(json: letter.record.json())) == letter)
        }
    }

    @Test(
        arguments: [
            ["$base64": 1], ["$base64": "%"], ["$number": "many"], ["$table": 1], ["$table": [[1, 2]]],
            ["$table": [["a"]]],
            ["$table": [["a", 1], ["a", 2]]], ["$json": "{"], ["x": [["$base64": .null]]],
        ] as [Value]
    )
    func whatTheEncoderNeverMakes(form: Value) {
        #expect(throws: DeadLetterProblem.self) { try ExactValue.decode(form) }
    }
}

extension Value {
    fileprivate var flat: Bytes {
        var writer = ByteWriter()
        writer.append(flat: self)
        return writer.take()
    }

    fileprivate static func anything(depth: Int, using random: inout SeededRandom) -> Value {
        switch Int.random(in: 0..<(depth > 0 ? 11 : 7), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .integer(.random(in: .min ... .max, using: &random))
        case 3: return .integer([.min, .max, 0, -1].randomElement(using: &random) ?? 0)
        case 4:
            let number = Double(bitPattern: random.next())
            return .number(number.isNaN ? .nan : number)
        case 5, 6: return .string(.anything(using: &random))
        case 7, 8:
            let count = Int.random(in: 0..<4, using: &random)
            return .array((0..<count).map { _ in .anything(depth: depth - 1, using: &random) })
        default:
            var entries: [(key: Bytes, value: Value)] = []
            for _ in 0..<Int.random(in: 0..<4, using: &random) {
                let key = Bytes.anything(using: &random)
                guard !entries.contains(where: { $0.key == key }) else { continue }
                entries.append((key, .anything(depth: depth - 1, using: &random)))
            }
            return .record(Record(entries: entries))
        }
    }
}

extension Bytes {
    private static let pieces: [[UInt8]] =
        ["$base64", "$table", "$number", "$json", "a", "é", "\u{0}", "\"", "\u{2028}", "😀"].map { Array($0.utf8) }
        + [[0xFF], [0x80], [0xC3], [0xED, 0xA0, 0x80], []]

    fileprivate static func anything(using random: inout SeededRandom) -> Bytes {
        let count = Int.random(in: 0..<3, using: &random)
        return Bytes((0..<count).flatMap { _ in pieces.randomElement(using: &random) ?? [] })
    }
}

extension DeadLetter {
    static func sample(value: Value, metadata: Value = .null) -> DeadLetter {
        DeadLetter(
            id: DeadLetterID(.init(timeIntervalSince1970: 1_704_067_200), random: 7),
            job: "in-1",
            key: Bytes([0xFE]),
            metadata: metadata,
            value: value,
            stage: "work",
            message: "no",
            kind: "handler",
            attempts: [Attempt(at: "2024-01-01T00:00:00.000Z", error: "no")],
            at: "2024-01-01T00:00:00.000Z"
        )
    }
}
