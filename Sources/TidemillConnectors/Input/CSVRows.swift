import CValue
import TidemillValue

/// Rows on their way into a batch: their flat encodings in one piece of memory, so that a row costs no allocation.
struct CSVRows: ~Copyable {
    private var writer = ByteWriter()
    private var ends: [Int] = []
    /// The columns' names, each encoded as a table's key; nil where rows are arrays.
    private let keys: [Bytes]?

    init(columns: [Bytes]?) {
        keys = columns.map { columns in
            columns.map { column in
                var key = ByteWriter()
                key.append(word: column.count)
                key.append(column)
                return key.take()
            }
        }
    }

    var count: Int { ends.count }

    /// Adds the reader's row as a table, or as an array where there are no columns.
    mutating func append(_ reader: borrowing CSVReader) {
        let fields = reader.fields
        let texts = fields.reduce(0) { $0 + 5 + $1.count - $1.doubled }
        let names = keys?.reduce(0) { $0 + $1.count } ?? 0
        writer.append(UInt8(keys == nil ? TIDE_ARRAY : TIDE_TABLE))
        writer.append(word: 4 + texts + names)
        writer.append(word: fields.count)
        for (index, field) in fields.enumerated() {
            if let keys { writer.append(keys[index]) }
            writer.append(UInt8(TIDE_STRING))
            writer.append(word: field.count - field.doubled)
            let bytes = reader.bytes(of: field)
            if field.doubled == 0 { writer.append(raw: bytes) } else { writer.append(undoubling: bytes) }
        }
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
    func texts() -> [Bytes] {
        fields.map { field in
            var writer = ByteWriter()
            writer.append(undoubling: bytes(of: field))
            return writer.take()
        }
    }
}

extension ByteWriter {
    fileprivate mutating func append(word: Int) {
        Swift.withUnsafeBytes(of: UInt32(truncatingIfNeeded: word).littleEndian) { append(raw: $0) }
    }

    /// Appends a field's bytes with one quote for each two.
    fileprivate mutating func append(undoubling bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while let quote = rest.firstIndex(of: UInt8(ascii: "\"")) {
            append(raw: UnsafeRawBufferPointer(rebasing: rest[...quote]))
            rest = rest[min(quote + 2, rest.endIndex)...]
        }
        append(raw: UnsafeRawBufferPointer(rebasing: rest))
    }
}
