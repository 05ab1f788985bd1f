import Tidemill
import TidemillValue

/// Writes values as CSV rows, under a header where they are tables.
struct CSVEncoder {
    private let delimiter: UInt8
    private var columns: [String]?
    private var isHeaderDue = true
    /// How many fields a row has, once that is known.
    private var width: Int?

    init(columns: [String]?, delimiter: UInt8) {
        self.delimiter = delimiter
        self.columns = columns
        width = columns?.count
    }

    mutating func goOn(after header: [String], path: String) throws(FileProblem) {
        if let columns, columns != header {
            let there = header.joined(separator: ", ")
            throw FileProblem(path, "its columns (\(there)) are not the columns \(columns.joined(separator: ", "))")
        }
        columns = header
        width = header.count
        isHeaderDue = false
    }

    /// Appends a row; where that fails, the caller takes back what was written.
    mutating func append(_ value: Value, to writer: inout ByteWriter) throws(JobFailure) {
        if let fields = value.fields {
            try append(table: fields, to: &writer)
        } else if let elements = value.elements {
            try append(array: elements, to: &writer)
        } else {
            throw JobFailure(.sink, "a CSV row is a table or an array, not \(value.kindName)")
        }
    }

    private mutating func append(table: [(key: String, value: Value)], to writer: inout ByteWriter) throws(JobFailure) {
        guard let columns = columns ?? (width == nil ? table.map(\.key) : nil) else {
            throw JobFailure(.sink, "a table behind rows that are arrays: there are no column names")
        }
        if let extra = table.first(where: { !columns.contains($0.key) }) {
            let known = columns.joined(separator: ", ")
            throw JobFailure(.sink, "the field \"\(extra.key)\" is none of the CSV's columns: \(known)")
        }
        var row = columns.map { _ in Value.null }
        for field in table {
            if let place = columns.firstIndex(of: field.key) { row[place] = field.value }
        }
        try append(row, under: columns, to: &writer)
    }

    private mutating func append(array: [Value], to writer: inout ByteWriter) throws(JobFailure) {
        if let width, width != array.count {
            throw JobFailure(.sink, "a row of \(array.count) fields where the CSV has \(width)")
        }
        try append(array, under: columns, to: &writer)
    }

    private mutating func append(
        _ row: [Value],
        under header: [String]?,
        to writer: inout ByteWriter
    ) throws(JobFailure) {
        if isHeaderDue, let header {
            try append(cells: header.map { .string(Bytes($0)) }, to: &writer)
        }
        try append(cells: row, to: &writer)
        columns = header
        width = row.count
        isHeaderDue = false
    }

    private func append(cells: [Value], to writer: inout ByteWriter) throws(JobFailure) {
        let start = writer.count
        for (index, cell) in cells.enumerated() {
            if index > 0 { writer.append(delimiter) }
            try append(cell: cell, to: &writer)
        }
        // A row of one empty field would be a blank line, which readers skip.
        if writer.count == start { writer.append("\"\"") }
        writer.append(UInt8(ascii: "\n"))
    }

    private func append(cell: Value, to writer: inout ByteWriter) throws(JobFailure) {
        switch cell {
        case .null: break
        case .string(let bytes): append(text: bytes, to: &writer)
        case .bool, .integer, .number: try writer.append(sinkJSON: cell)
        case .record, .object:
            var json = ByteWriter()
            try json.append(sinkJSON: cell)
            append(text: json.take(), to: &writer)
        }
    }

    private func append(text: Bytes, to writer: inout ByteWriter) {
        text.withUnsafeBytes { bytes in
            guard bytes.contains(where: { needsQuotes($0) }) else { return writer.append(raw: bytes) }
            writer.append(UInt8(ascii: "\""))
            var rest = bytes[...]
            while let quote = rest.firstIndex(of: UInt8(ascii: "\"")) {
                writer.append(raw: UnsafeRawBufferPointer(rebasing: rest[...quote]))
                writer.append(UInt8(ascii: "\""))
                rest = rest[(quote + 1)...]
            }
            writer.append(raw: UnsafeRawBufferPointer(rebasing: rest))
            writer.append(UInt8(ascii: "\""))
        }
    }

    private func needsQuotes(_ byte: UInt8) -> Bool {
        byte == delimiter || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }
}
