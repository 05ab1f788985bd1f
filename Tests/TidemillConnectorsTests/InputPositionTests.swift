import Testing
import TidemillTesting
import TidemillValue

@testable import TidemillConnectors

/// Reading on from any position gives what reading on would have given.
@Suite(.timeLimit(.minutes(10))) struct InputPositionTests {
    private struct Found: Equatable {
        let text: String
        let line: Int
    }

    /// What a reader gives, and where it says that it is behind each.
    private func lines(_ bytes: [UInt8], at start: InputPosition) throws -> [(Found, InputPosition)] {
        var reader = LineReader(PiecewiseInput(Array(bytes[start.start...])), limit: 6, at: start)
        var found: [(Found, InputPosition)] = []
        repeat {
            while let item = reader.next() {
                switch item {
                case .line(let text): found.append((Found(text: "\(text)", line: reader.line), reader.position))
                case .tooLong(let head): found.append((Found(text: "!\(head)", line: reader.line), reader.position))
                }
            }
        } while try reader.fill()
        return found
    }

    private func rows(_ bytes: [UInt8], at start: InputPosition) throws -> [(Found, InputPosition)] {
        let input = PiecewiseInput(Array(bytes[start.start...]))
        var reader = CSVReader(input, limit: 1000, delimiter: UInt8(ascii: ","), at: start)
        var found: [(Found, InputPosition)] = []
        repeat {
            while let item = reader.next() {
                switch item {
                case .row: found.append((Found(text: "\(reader.texts())", line: reader.line), reader.position))
                case .bad(let head, let reason):
                    found.append((Found(text: "!\(head) \(reason)", line: reader.line), reader.position))
                }
            }
        } while try reader.fill()
        return found
    }

    private func check(
        _ bytes: [UInt8],
        _ read: ([UInt8], InputPosition) throws -> [(Found, InputPosition)]
    ) throws {
        let all = try read(bytes, InputPosition())
        for (index, (_, position)) in all.enumerated() {
            let rest = all[(index + 1)...].map(\.0)
            let resumed = try read(bytes, position).map(\.0)
            #expect(
                resumed.suffix(rest.count) == rest[...],
                "\(String(decoding: bytes, as: UTF8.self).debugDescription)"
            )
            // What had no end, or was being skipped, is read again.
            #expect(resumed.count <= rest.count + 1)
            if position.tail == 0, index + 1 < all.count { #expect(position.start <= bytes.count) }
        }
        // Nothing that was given and has an end is given again.
        let clean = all.filter { $0.1.tail == 0 && !$0.0.text.hasPrefix("!") }
        for (found, position) in clean {
            #expect(try read(bytes, position).first.map { $0.0.line > found.line } ?? true)
        }
    }

    @Test(arguments: 0..<300) func ofLines(seed: Int) throws {
        var numbers = SeededRandom(seed: seed)
        try check(numbers.bytes(Int.random(in: 0...80, using: &numbers), frequent: "a\n\n\r"), lines)
    }

    @Test(arguments: 0..<300) func ofRows(seed: Int) throws {
        var numbers = SeededRandom(seed: seed)
        try check(numbers.bytes(Int.random(in: 0...80, using: &numbers), frequent: "a,\"\"\n\n\r"), rows)
    }

    @Test func ofAnUnfinishedLineAndRow() throws {
        #expect(
            try lines(Array("a\nhal".utf8), at: InputPosition()).last?.1 == InputPosition(offset: 5, tail: 3, line: 1)
        )
        let row = Array("a\n\"x\ny\",z".utf8)
        #expect(try rows(row, at: InputPosition()).last?.1 == InputPosition(offset: 9, tail: 7, line: 1))
    }
}
