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

    /// Appends the flat encoding of a JSON text.
    ///
    /// - Throws: ``JSONError``; nothing was written then.
    package mutating func append(flatOfJSON text: UnsafeRawBufferPointer) throws(JSONError) {
        guard let start = text.bindMemory(to: UInt8.self).baseAddress, !text.isEmpty else {
            throw JSONError(reason: "an empty text is not JSON", offset: 0)
        }
        var error = tide_json_error(reason: nil, offset: 0)
        guard tide_json_read(start, text.count, &buffer, &error) else { throw JSONError(error) }
    }
}
