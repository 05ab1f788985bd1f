import CValue

// For whoever makes many records at once: it writes them one behind the other and cuts the memory into slices.
extension ByteWriter {
    /// Begins the flat encoding of an array of `count` values, which ``end(_:)`` ends with the place given here.
    package mutating func beginArray(count: Int) -> Int { open(TIDE_ARRAY, count: count) }

    /// Begins the flat encoding of a table of `count` fields, which ``end(_:)`` ends with the place given here.
    package mutating func beginTable(count: Int) -> Int { open(TIDE_TABLE, count: count) }

    /// Appends a table's key; its value follows.
    ///
    /// No two keys of a table are the same.
    package mutating func append(key: Bytes) {
        append(word: UInt32(truncatingIfNeeded: key.count))
        append(key)
    }

    /// Appends the flat encoding of a string.
    package mutating func append(string bytes: UnsafeRawBufferPointer) {
        append(UInt8(TIDE_STRING))
        append(word: UInt32(truncatingIfNeeded: bytes.count))
        append(raw: bytes)
    }

    /// Ends the array or table that began at `place`.
    package mutating func end(_ place: Int) { close(place) }
}
