import Tidemill
import TidemillValue

/// Values on their way into a batch: their flat encodings in one piece of memory, so that none costs an allocation.
struct EncodedValues: ~Copyable {
    private var writer = ByteWriter()
    private var ends: [Int] = []

    var count: Int { ends.count }

    /// Adds the JSON value of a line.
    mutating func append(json text: Bytes) throws(JSONError) {
        try text.withUnsafeBytes { (text) throws(JSONError) in try writer.append(flatOfJSON: text) }
        ends.append(writer.count)
    }

    /// Adds the reader's row, which has a field for every column: as a table, or as an array where there are none.
    mutating func append(row reader: borrowing CSVReader, columns: [Bytes]?) {
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

    /// Moves the values to a batch.
    mutating func move(to batch: inout JobBatch) {
        guard !ends.isEmpty else { return }
        let memory = writer.take()
        var start = 0
        for end in ends {
            batch.append(Value(encoding: memory.slice(start..<end)))
            start = end
        }
        ends.removeAll(keepingCapacity: true)
    }
}
