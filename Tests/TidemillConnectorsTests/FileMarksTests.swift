import Testing
import TidemillTesting

@testable import TidemillConnectors

@Suite struct FileMarksTests {
    private func record(_ file: UInt64, _ offset: Int) -> FileRecord {
        var record = FileRecord(path: "f\(file)", identity: .init(device: 1, inode: file), head: FileHead())
        record.position.offset = offset
        return record
    }

    @Test func onlyWhatIsCoveredIsTaken() {
        var marks = FileMarks()
        marks.add(record(1, 10), at: 5)
        marks.add(record(1, 20), at: 9)
        #expect(marks.covered(by: 4) == nil)
        #expect(marks.take(upTo: 4).isEmpty)
        #expect(marks.covered(by: 8) == 5)
        #expect(marks.take(upTo: 8) == [record(1, 10)])
        #expect(marks.covered(by: 8) == nil)
        #expect(marks.take(upTo: 9) == [record(1, 20)])
        #expect(marks.isEmpty)
    }

    @Test func everyFileThatWasFinishedIsTaken() {
        var marks = FileMarks()
        marks.add(record(1, 10), at: 5)
        marks.add(record(2, 0), at: 5)
        marks.add(record(3, 7), at: 6)
        marks.add(record(3, 8), at: 6)
        marks.add(record(3, 9), at: 7)
        #expect(marks.take(upTo: 6) == [record(1, 10), record(2, 0), record(3, 8)])
        #expect(marks.take(upTo: 7) == [record(3, 9)])
    }

    @Test(arguments: 0..<50) func asAListWouldDoIt(seed: Int) {
        var numbers = SeededRandom(seed: seed)
        var marks = FileMarks()
        var expected: [UInt64: Int] = [:]
        var taken: [UInt64: Int] = [:]
        var list: [(count: UInt64, file: UInt64, offset: Int)] = []
        var (count, file) = (UInt64(0), UInt64(0))
        for step in 0..<500 {
            count += UInt64.random(in: 0...3, using: &numbers)
            if Int.random(in: 0..<10, using: &numbers) == 0 { file += 1 }
            marks.add(record(file, step), at: count)
            list.append((count, file, step))
            guard Bool.random(using: &numbers) else { continue }
            let settled = UInt64.random(in: 0...count, using: &numbers)
            for record in marks.take(upTo: settled) { taken[record.identity.inode] = record.position.offset }
            for mark in list where mark.count <= settled {
                expected[mark.file] = max(expected[mark.file] ?? 0, mark.offset)
            }
            #expect(taken == expected)
        }
    }
}
