/// Which place of which file belongs to which number of messages: what to write down once these are settled.
struct FileMarks {
    private struct Mark {
        let count: UInt64
        let record: FileRecord
    }

    private var marks: [Mark] = []
    /// Those before it were taken.
    private var first = 0

    var isEmpty: Bool { first == marks.count }

    /// Notes that the record holds once the first `count` messages are settled.
    mutating func add(_ record: FileRecord, at count: UInt64) {
        if let last = marks.last, first < marks.count, last.count == count, last.record.isSameFile(as: record) {
            marks.removeLast()
        }
        marks.append(Mark(count: count, record: record))
    }

    /// How many messages the next ``take(upTo:)`` would cover; nil where it would cover nothing new.
    func covered(by settled: UInt64) -> UInt64? { marks[first..<end(settled)].last?.count }

    /// Takes what holds now: the last record of each file.
    mutating func take(upTo settled: UInt64) -> [FileRecord] {
        let end = end(settled)
        var records: [FileRecord] = []
        for mark in marks[first..<end] {
            if let last = records.last, last.isSameFile(as: mark.record) { records.removeLast() }
            records.append(mark.record)
        }
        first = end
        // Few moves for each mark.
        if first > marks.count / 2 {
            marks.removeFirst(first)
            first = 0
        }
        return records
    }

    /// The first mark that doesn't hold yet.
    private func end(_ settled: UInt64) -> Int {
        var (low, high) = (first, marks.count)
        while low < high {
            let middle = (low + high) / 2
            if marks[middle].count <= settled { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
