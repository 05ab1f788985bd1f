import CValue

// For whoever must keep every byte: `fields` has its keys as text, which a key need not be.
extension Record {
    /// The fields with their keys as bytes, where it is a table.
    package var entries: [(key: Bytes, value: Value)]? {
        var reader = ValueReader(flat)
        guard let header = reader.enter(), header.tag == TIDE_TABLE else { return nil }
        var entries: [(key: Bytes, value: Value)] = []
        while let key = reader.nextKey(), let value = reader.next() { entries.append((key, value)) }
        return entries
    }

    /// A table of fields no two of which have the same key.
    package init(entries: [(key: Bytes, value: Value)]) {
        var writer = ByteWriter()
        let place = writer.beginTable(count: entries.count)
        for entry in entries {
            writer.append(key: entry.key)
            writer.append(flat: entry.value)
        }
        writer.end(place)
        self.init(flat: writer.take())
    }
}
