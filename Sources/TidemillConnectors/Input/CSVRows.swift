import TidemillValue

/// Rows on their way into a batch: their flat encodings in one piece of memory, so that a row costs no allocation.
struct CSVRows: ~Copyable {
    private var writer = ByteWriter()
    private var ends: [Int] = []
    private let columns: [Bytes]?

    /// Rows are tables with these columns, or arrays where there are none.
    init(columns: [Bytes]?) { self.columns = columns }

    var count: Int { ends.count }

    /// Adds the reader's row, which has a field for every column.
    mutating func append(_ reader: borrowing CSVReader) {
        let fields = reader.fields
        let place = columns == nil ? writer.beginArray(count: fields.count) : writer.beginTable(count: fields.count)
        for (index, field) in fields.enumerated() {
            if let columns { writer.append(key: columns[index]) }
            if field.doubled == 0 {
                writer.append(string: reader.bytes(of: field))
            } else {
                writer.append(flat: .string(reader.text(of: field)))
            }
        }
        writer.end(place)
        ends.append(writer.count)
    }

    /// Moves the rows to `body`, one by one.
    mutating func drain(_ body: (Value) -> Void) {
        let memory = writer.take()
        var start = 0
        for end in ends {
            body(.record(Record(flat: memory.slice(start..<end))))
            start = end
        }
        ends.removeAll(keepingCapacity: true)
    }
}

extension CSVReader {
    /// The row's fields as strings.
    func texts() -> [Bytes] { fields.map { text(of: $0) } }

    /// A field with one quote for each two.
    func text(of field: CSVScanner.Field) -> Bytes {
        var writer = ByteWriter()
        var rest = bytes(of: field)[...]
        while let quote = rest.firstIndex(of: UInt8(ascii: "\"")) {
            writer.append(raw: UnsafeRawBufferPointer(rebasing: rest[...quote]))
            rest = rest[min(quote + 2, rest.endIndex)...]
        }
        writer.append(raw: UnsafeRawBufferPointer(rebasing: rest))
        return writer.take()
    }
}
