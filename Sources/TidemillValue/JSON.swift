import CValue

/// Why a text is not JSON, or a value has no JSON form.
public struct JSONError: Error, Hashable, CustomStringConvertible {
    /// What is wrong.
    public let reason: String
    /// Where, in bytes from the start of the text.
    public let offset: Int

    init(reason: String, offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    init(_ error: tide_json_error) {
        self.init(reason: error.reason.map { String(cString: $0) } ?? "not JSON", offset: Int(error.offset))
    }

    /// What is wrong, and where.
    public var description: String { "\(reason) at byte \(offset + 1)" }
}

extension Value {
    /// The value of a JSON text (RFC 8259).
    ///
    /// - Throws: ``JSONError`` that says what is wrong and at which byte.
    public init(json text: Bytes) throws(JSONError) {
        self = try text.withUnsafeBytes { (bytes) throws(JSONError) in try Value(json: bytes) }
    }

    /// The value of a JSON text (RFC 8259).
    ///
    /// - Throws: ``JSONError`` that says what is wrong and at which byte.
    public init(json text: UnsafeRawBufferPointer) throws(JSONError) {
        guard let start = text.bindMemory(to: UInt8.self).baseAddress, !text.isEmpty else {
            throw JSONError(reason: "an empty text is not JSON", offset: 0)
        }
        var buffer = tide_buffer(bytes: nil, count: 0, capacity: 0, failed: false)
        var error = tide_json_error(reason: nil, offset: 0)
        guard tide_json_read(start, text.count, &buffer, &error) else {
            tide_buffer_free(&buffer)
            throw JSONError(error)
        }
        let block = Block()
        block.adopt(buffer.bytes, count: buffer.count)
        self.init(encoding: Bytes(block, start: 0, count: buffer.count))
    }

    /// The value of a JSON text.
    ///
    /// - Throws: ``JSONError`` that says what is wrong and at which byte.
    public init(json text: String) throws(JSONError) {
        try self.init(json: Bytes(text))
    }

    /// The first value of a flat encoding, sharing its memory; null where it is none.
    public init(encoding: Bytes) {
        var reader = ValueReader(encoding)
        self = reader.next() ?? .null
    }

    /// The first `count` values of encodings one after the other, copied out of memory that is not theirs.
    package static func sequence(_ encodings: UnsafeRawBufferPointer, count: Int) -> [Value] {
        var reader = ValueReader(Bytes(copying: encodings))
        return (0..<count).map { _ in reader.next() ?? .null }
    }

    /// The value as JSON on one line.
    ///
    /// - Throws: ``JSONError`` for a number that is not finite.
    public func json() throws(JSONError) -> String {
        var writer = ByteWriter()
        try writer.append(json: self)
        return String(writer.take())
    }
}

extension Record {
    /// The text without the newline at its end.
    var lineText: Bytes {
        let count = encoding.count
        let endsLine = count > 0 && encoding.withUnsafeBytes { $0[count - 1] == UInt8(ascii: "\n") }
        return endsLine ? encoding.slice(0..<count - 1) : encoding
    }
}
