import Testing
import TidemillTesting
import TidemillValue

@testable import TidemillConnectors

@Suite struct LineReaderTests {
    enum Line: Equatable {
        case line([UInt8])
        case tooLong([UInt8])
    }

    private func lines(_ input: any ByteInput, limit: Int = 1 << 20) throws -> [Line] {
        var reader = LineReader(input, limit: limit)
        var lines: [Line] = []
        repeat {
            while let item = reader.next() {
                switch item {
                case .line(let bytes): lines.append(.line(Array(bytes)))
                case .tooLong(let head): lines.append(.tooLong(Array(head)))
                }
                #expect(reader.line == lines.count)
            }
        } while try reader.fill()
        return lines
    }

    /// What the reader should give, found the plain way.
    private func reference(_ bytes: [UInt8], limit: Int = 1 << 20) -> [Line] {
        var pieces = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        let last = pieces.removeLast()
        var lines = pieces.map { $0.last == 0x0D ? Array($0.dropLast()) : $0 }
        if !last.isEmpty { lines.append(last) }
        return lines.map { $0.count > limit ? .tooLong(Array($0.prefix(LineReader.shown))) : .line($0) }
    }

    @Test(
        arguments: [
            ("", []), ("a", ["a"]), ("a\n", ["a"]), ("a\r\nb", ["a", "b"]), ("\n\n", ["", ""]), ("\r\n", [""]),
            ("a\r", ["a\r"]), ("a\r\r\n", ["a\r"]), ("a\u{0}b\n", ["a\u{0}b"]),
        ] as [(String, [String])]
    )
    func smallTexts(text: String, expected: [String]) throws {
        let expected = expected.map { Line.line(Array($0.utf8)) }
        #expect(try lines(PiecewiseInput(Array(text.utf8))) == expected)
        #expect(try lines(PiecewiseInput(Array(text.utf8), pieceSize: { 1 })) == expected)
    }

    @Test(arguments: 0..<200)
    func anyTextInAnyPieces(seed: Int) throws {
        var numbers = SeededRandom(seed: seed)
        let bytes = numbers.bytes(Int.random(in: 0...5000, using: &numbers), frequent: "\n\rab")
        let limit = seed.isMultiple(of: 2) ? 8 : 1 << 20
        let input = PiecewiseInput(bytes, seed: seed, largest: Int.random(in: 1...3000, using: &numbers))
        #expect(try lines(input, limit: limit) == reference(bytes, limit: limit))
    }

    @Test(arguments: 0..<20)
    func linesAcrossBlocks(seed: Int) throws {
        var numbers = SeededRandom(seed: seed)
        var bytes: [UInt8] = []
        while bytes.count < 1_500_000 {
            let length = Int.random(in: 0...(seed.isMultiple(of: 2) ? 300_000 : 400), using: &numbers)
            bytes += [UInt8](repeating: UInt8.random(in: 32...126, using: &numbers), count: length)
            bytes += Bool.random(using: &numbers) ? [0x0D, 0x0A] : [0x0A]
        }
        let limit = 200_000
        let input = PiecewiseInput(bytes, seed: seed, largest: 700_000)
        #expect(try lines(input, limit: limit) == reference(bytes, limit: limit))
    }

    /// CR is the last byte of one block and LF the first of the next, for every place where a block may end.
    @Test func lineEndsAtTheEndOfABlock() throws {
        for size in (256 * 1024 - 3)...(256 * 1024 + 3) {
            let text = [UInt8](repeating: 0x78, count: size) + Array("\r\nnext\r\n".utf8)
            #expect(try lines(PiecewiseInput(text)) == reference(text))
        }
    }

    @Test func lineThatIsTooLongTakesNoMemory() throws {
        let found = try lines(EndlessLineInput(100_000_000, then: "\nnext\n"))
        #expect(found == [.tooLong([UInt8](repeating: 0x78, count: 1024)), .line(Array("next".utf8))])
    }

    @Test func lineThatIsTooLongAtTheEnd() throws {
        let found = try lines(EndlessLineInput(3_000_000, then: ""))
        #expect(found == [.tooLong([UInt8](repeating: 0x78, count: 1024))])
    }

    @Test func lineOfJustTheLimit() throws {
        for end in ["\n", "\r\n", ""] {
            #expect(
                try lines(PiecewiseInput(Array("12345678\(end)".utf8)), limit: 8) == [.line(Array("12345678".utf8))]
            )
            #expect(
                try lines(PiecewiseInput(Array("123456789\(end)".utf8)), limit: 8) == [
                    .tooLong(Array("123456789".utf8))
                ]
            )
        }
    }

    @Test func linesShareTheBlock() throws {
        var reader = LineReader(PiecewiseInput(Array("one\ntwo\n".utf8)), limit: 100)
        #expect(try reader.fill())
        guard case .line(let one)? = reader.next(), case .line(let two)? = reader.next() else {
            Issue.record("no lines")
            return
        }
        let distance = one.withUnsafeBytes { one in
            two.withUnsafeBytes { two in two.baseAddress.map { $0 - (one.baseAddress ?? $0) } }
        }
        #expect(distance == 4)
    }
}
