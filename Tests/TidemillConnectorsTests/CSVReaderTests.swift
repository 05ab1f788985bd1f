import Testing
import TidemillTesting
import TidemillValue

@testable import TidemillConnectors

@Suite struct CSVReaderTests {
    enum Row: Equatable {
        case row([String], line: Int)
        case bad(String, line: Int)
    }

    private func fields(_ rows: [Row]) -> [[String]] {
        rows.map { row -> [String] in if case .row(let fields, _) = row { fields } else { [] } }
    }

    private func rows(
        _ text: String,
        limit: Int = 1 << 20,
        delimiter: Character = ",",
        pieceSize: @escaping () -> Int = { .max }
    ) throws -> [Row] {
        let input = PiecewiseInput(Array(text.utf8), pieceSize: pieceSize)
        var reader = CSVReader(input, limit: limit, delimiter: delimiter.asciiValue ?? 0)
        var rows: [Row] = []
        repeat {
            while let item = reader.next() {
                switch item {
                case .row: rows.append(.row(reader.texts().map { String($0) }, line: reader.line))
                case .bad(_, let reason): rows.append(.bad(reason, line: reader.line))
                }
            }
        } while try reader.fill()
        return rows
    }

    @Test(
        arguments: [
            ("a,b\n", [["a", "b"]]), ("a,b", [["a", "b"]]), ("a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]),
            ("a,\n", [["a", ""]]), (",", [["", ""]]), ("\"\"\n", [[""]]), ("\"a,b\",c\n", [["a,b", "c"]]),
            ("\"a\"\"b\"\n", [["a\"b"]]), ("\"\"\"\"", [["\""]]), ("\"a\r\nb\",c\r\n", [["a\r\nb", "c"]]),
            ("\"a\"\r\n\"b\"", [["a"], ["b"]]), ("\n\na\n\n", [["a"]]), ("a b , c\n", [["a b ", " c"]]), ("", []),
            ("a\r", [["a\r"]]), ("a,\"\"", [["a", ""]]),
        ] as [(String, [[String]])]
    )
    func smallTexts(text: String, expected: [[String]]) throws {
        for size in [1, 2, 3, Int.max] {
            let found = try rows(text, pieceSize: { size })
            #expect(fields(found) == expected, "in pieces of \(size)")
        }
    }

    @Test(arguments: [
        ("a\"b,c\nnext\n", "a quote inside a field that is not quoted"),
        ("\"a\"b,c\nnext\n", "text behind a closing quote"),
        ("\"a\"\rb\nnext\n", "text behind a closing quote"),
        ("\"a,b\nnext\n", "a quote is never closed"),
    ])
    func badRowsTakeNoOtherWithThem(text: String, reason: String) throws {
        for size in [1, 2, 3, Int.max] {
            #expect(try rows(text, pieceSize: { size }) == [.bad(reason, line: 1), .row(["next"], line: 2)])
        }
    }

    @Test func linesAreCounted() throws {
        let found = try rows("h\n\n\"a\nb\"\nlast\n")
        #expect(found == [.row(["h"], line: 1), .row(["a\nb"], line: 3), .row(["last"], line: 5)])
    }

    @Test func rowsThatAreTooLong() throws {
        let long = String(repeating: "x", count: 50)
        let reason = "a row of more than 20 bytes (max_line)"
        for size in [1, 7, Int.max] {
            #expect(
                try rows("\(long)\nok\n\(long)", limit: 20, pieceSize: { size })
                    == [.bad(reason, line: 1), .row(["ok"], line: 2), .bad(reason, line: 3)]
            )
        }
    }

    @Test(arguments: 0..<200)
    func whatIsWrittenIsRead(seed: Int) throws {
        var numbers = SeededRandom(seed: seed)
        let width = Int.random(in: 1...5, using: &numbers)
        var expected: [[String]] = []
        var text = ""
        for _ in 0..<Int.random(in: 0...40, using: &numbers) {
            let row = (0..<width).map { _ in
                String(
                    (0..<Int.random(in: 0...6, using: &numbers)).map { _ in
                        "a,\"\n\r é".randomElement(using: &numbers) ?? "a"
                    }
                )
            }
            expected.append(row)
            text += row.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }.joined(separator: ",")
            text += Bool.random(using: &numbers) ? "\r\n" : "\n"
        }
        let largest = Int.random(in: 1...50, using: &numbers)
        let found = try rows(text, pieceSize: { Int.random(in: 1...largest, using: &numbers) })
        #expect(fields(found) == expected)
    }
}
