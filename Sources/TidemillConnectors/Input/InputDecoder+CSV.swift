import Tidemill
import TidemillValue

extension InputDecoder {
    func decodeCSV(_ input: any ByteInput, _ dialect: CSVDialect) async throws {
        var reader = CSVReader(input, limit: limits.line, delimiter: dialect.delimiter)
        try reader.skipByteOrderMark()
        var batch = JobBatch()
        let columns = dialect.hasHeader ? try header(&reader) : nil
        var rows = EncodedValues()
        // Without a header, the first good row says how many fields there are.
        var width = columns?.count
        repeat {
            progress()
            while let item = reader.next() {
                let count = reader.fields.count
                if case .bad(let head, let reason) = item {
                    rows.move(to: &batch)
                    try await fail(head, line: reader.line, reason, after: &batch)
                } else if let width, width != count {
                    rows.move(to: &batch)
                    let reason = "a row of \(count) fields where \(width) are expected"
                    try await fail(reader.head(), line: reader.line, reason, after: &batch)
                } else {
                    width = count
                    rows.append(row: reader, columns: columns)
                }
                guard rows.count >= Self.batchCount else { continue }
                rows.move(to: &batch)
                try await send(&batch)
            }
            rows.move(to: &batch)
            try await send(&batch)
        } while try reader.fill()
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
