import Tidemill
import TidemillValue

extension InputDecoder {
    func decodeCSV(_ input: any ByteInput, _ dialect: CSVDialect) async throws {
        var reader = CSVReader(input, limit: limits.line, delimiter: dialect.delimiter, at: start)
        if start.start == 0 { try reader.skipByteOrderMark() }
        var batch = JobBatch()
        var columns = columns
        if columns == nil, dialect.hasHeader { columns = try header(&reader) }
        var rows = EncodedValues()
        let isHeaderUnfinished = start.start == 0 && columns != nil && reader.position.tail > 0
        // Without a header, the first good row says how many fields there are.
        var width = columns?.count ?? start.width
        func position(_ reader: borrowing CSVReader) -> InputPosition {
            if isHeaderUnfinished { return InputPosition() }
            var position = reader.position
            position.width = columns == nil ? width : nil
            return position
        }
        repeat {
            progress()
            while let item = reader.next() {
                let count = reader.fields.count
                if case .bad(let head, let reason) = item {
                    rows.move(to: &batch)
                    try await fail(head, line: reader.line, reason, at: position(reader), after: &batch)
                } else if isKnown(reader.textCount, reader.position) {
                    continue
                } else if let width, width != count {
                    rows.move(to: &batch)
                    let reason = "a row of \(count) fields where \(width) are expected"
                    let head = reader.head()
                    try await fail(head, line: reader.line, reason, at: position(reader), after: &batch)
                } else {
                    width = count
                    rows.append(row: reader, columns: columns)
                }
                guard rows.count >= pace.count else { continue }
                rows.move(to: &batch)
                try await send(&batch, upTo: position(reader))
            }
            rows.move(to: &batch)
            try await send(&batch, upTo: position(reader))
        } while try reader.fill()
    }

    /// The names in the first row of an input; none where there is no row.
    func header(of input: any ByteInput, _ dialect: CSVDialect) throws -> [Bytes] {
        var reader = CSVReader(input, limit: limits.line, delimiter: dialect.delimiter)
        try reader.skipByteOrderMark()
        return try header(&reader)
    }

    /// The names in the first row; none where there is no row.
    private func header(_ reader: inout CSVReader) throws -> [Bytes] {
        repeat {
            guard let item = reader.next() else { continue }
            if case .bad(_, let reason) = item { throw FileProblem("\(path):\(reader.line)", "the header: \(reason)") }
            let columns = reader.texts()
            if let name = columns.firstDuplicate {
                throw FileProblem("\(path):\(reader.line)", "the header has the column \"\(name)\" twice")
            }
            return columns
        } while try reader.fill()
        return []
    }
}

extension [Bytes] {
    /// The first element that is there twice.
    var firstDuplicate: Bytes? {
        var seen: Set<Bytes> = []
        return first { !seen.insert($0).inserted }
    }
}
