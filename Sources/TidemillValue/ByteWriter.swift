import CValue

/// A growing piece of memory for text and encodings on their way out.
///
/// Memory that the system refuses ends the process, as it does for Swift's own arrays.
///
/// `@unchecked Sendable`: it is the only owner of its memory, and can't be copied.
public struct ByteWriter: ~Copyable, @unchecked Sendable {
    var buffer = tide_buffer(bytes: nil, count: 0, capacity: 0, failed: false)
    /// What the encodings that were written refer to.
    private var objects: [ValueObject] = []

    /// An empty writer; it allocates with the first byte.
    public init() {}

    deinit {
        var buffer = buffer
        tide_buffer_free(&buffer)
    }

    /// How many bytes it holds.
    public var count: Int { buffer.count }

    /// Forgets the bytes and keeps the memory.
    public mutating func removeAll() {
        buffer.count = 0
        objects.removeAll()
    }

    /// Forgets what was written after the first `count` bytes.
    public mutating func truncate(to count: Int) { buffer.count = min(buffer.count, count) }

    /// Calls `body` with the bytes, which are valid during the call only.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: buffer.bytes, count: buffer.count))
    }

    /// The bytes, without copying them; the writer is empty afterwards.
    public mutating func take() -> Bytes {
        let block = Block()
        let count = buffer.count
        block.adopt(buffer.bytes, count: count)
        block.keep(objects)
        objects.removeAll()
        buffer = tide_buffer(bytes: nil, count: 0, capacity: 0, failed: false)
        return Bytes(block, start: 0, count: count)
    }

    /// Appends bytes.
    public mutating func append(_ bytes: Bytes) {
        bytes.withUnsafeBytes { append(raw: $0) }
    }

    /// Appends bytes.
    public mutating func append(raw bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        check(tide_buffer_append(&buffer, base, bytes.count))
    }

    /// Appends a string's UTF-8.
    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(raw: UnsafeRawBufferPointer($0)) }
    }

    /// Appends one byte.
    public mutating func append(_ byte: UInt8) {
        check(tide_buffer_append(&buffer, [byte], 1))
    }

    /// Appends a value as JSON on one line, without a newline.
    ///
    /// - Throws: ``JSONError`` for a number that is not finite; what was written of the value is taken back.
    public mutating func append(json value: Value) throws(JSONError) {
        switch value {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .integer(let value): check(tide_json_put_integer(&buffer, value))
        case .number(let value):
            guard value.isFinite else { throw JSONError(reason: "\(value) has no JSON form", offset: 0) }
            check(tide_json_put_number(&buffer, value))
        case .string(let bytes): append(quoted: bytes)
        case .record(let record) where record.isText: append(record.lineText)
        case .record(let record): try append(jsonOfEncoding: record.encoding)
        case .object(let object):
            throw JSONError(reason: "a value of the type \(object.typeName) has no JSON text", offset: 0)
        }
    }

    private mutating func append(quoted bytes: Bytes) {
        bytes.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1) { none in
                // A string without bytes has no address; C wants one all the same.
                guard let start = bytes.bindMemory(to: UInt8.self).baseAddress ?? UnsafePointer(none.baseAddress) else {
                    return
                }
                check(tide_json_put_string(&buffer, start, bytes.count))
            }
        }
    }

    private mutating func append(jsonOfEncoding bytes: Bytes) throws(JSONError) {
        try bytes.withUnsafeBytes { (bytes) throws(JSONError) in
            guard let start = bytes.bindMemory(to: UInt8.self).baseAddress else { return }
            var error = tide_json_error(reason: nil, offset: 0)
            if !tide_json_write(start, bytes.count, &buffer, &error) { throw JSONError(error) }
        }
    }

    private func check(_ done: Bool) {
        precondition(done, "out of memory")
    }
}

extension ByteWriter {
    /// Appends a value's flat encoding.
    public mutating func append(flat value: Value) {
        switch value {
        case .null: append(UInt8(TIDE_NULL))
        case .bool(let value): append(UInt8(value ? TIDE_TRUE : TIDE_FALSE))
        case .integer(let value): append(tag: TIDE_INTEGER, long: UInt64(bitPattern: value))
        case .number(let value): append(tag: TIDE_NUMBER, long: value.bitPattern)
        case .string(let bytes): append(tag: TIDE_STRING, bytes: bytes)
        case .record(let record) where record.isText: append(tag: TIDE_JSON, bytes: record.lineText)
        case .record(let record):
            append(record.encoding)
            if let kept = record.encoding.block.objects { objects += kept.all }
        case .object(let object):
            objects.append(object)
            append(tag: TIDE_OBJECT, long: UInt64(UInt(bitPattern: object.address)))
        }
    }

    mutating func append(array elements: [Value]) {
        let start = open(TIDE_ARRAY, count: elements.count)
        for element in elements { append(flat: element) }
        close(start)
    }

    mutating func append(table fields: [(key: String, value: Value)]) {
        let start = open(TIDE_TABLE, count: fields.count)
        for field in fields {
            append(word: UInt32(truncatingIfNeeded: field.key.utf8.count))
            append(field.key)
            append(flat: field.value)
        }
        close(start)
    }

    mutating func open(_ tag: Int, count: Int) -> Int {
        append(UInt8(tag))
        append(word: 0)
        let start = self.count
        append(word: UInt32(truncatingIfNeeded: count))
        return start
    }

    /// Writes the size that ``open(_:count:)`` left out.
    mutating func close(_ start: Int) {
        let size = UInt32(truncatingIfNeeded: count - start).littleEndian
        guard let bytes = buffer.bytes else { return }
        UnsafeMutableRawPointer(bytes + start - 4).storeBytes(of: size, as: UInt32.self)
    }

    private mutating func append(tag: Int, bytes: Bytes) {
        append(UInt8(tag))
        append(word: UInt32(truncatingIfNeeded: bytes.count))
        append(bytes)
    }

    private mutating func append(tag: Int, long: UInt64) {
        append(UInt8(tag))
        Swift.withUnsafeBytes(of: long.littleEndian) { append(raw: $0) }
    }

    mutating func append(word: UInt32) {
        Swift.withUnsafeBytes(of: word.littleEndian) { append(raw: $0) }
    }
}
