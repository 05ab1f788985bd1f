internal import CLuaHost
internal import CValue

/// One value that a call gave.
///
/// Ranges are places in ``LuaState/outputBytes``, and stay valid in the buffer that
/// ``LuaState/takeOutput()`` hands over.
public struct LuaOutput: Hashable, Sendable {
    /// A value, or the place where its bytes are.
    public enum Value: Hashable, Sendable {
        /// What scripts know as `json.null`.
        case null
        /// A boolean.
        case boolean(Bool)
        /// An integer.
        case integer(Int64)
        /// A float.
        case number(Double)
        /// A string's bytes.
        case string(Range<Int>)
        /// The flat encoding of an array or a table.
        case flat(Range<Int>)
        /// A line of JSON with its newline, on a ``LuaPort/Format/jsonLine`` port.
        case line(Range<Int>)
    }

    /// The index of the port it leaves by.
    public let port: Int
    /// The value.
    public let value: Value
    /// The key given to `ctx:emit`.
    public let key: Range<Int>?
    /// The flat encoding of the metadata given to `ctx:emit`, a table.
    public let metadata: Range<Int>?

    init(_ raw: borrowing tide_output) {
        port = Int(raw.port)
        value =
            switch Int(raw.tag) {
            case TIDE_JSON: .line(raw.offset..<raw.offset &+ raw.count)
            case TIDE_ARRAY, TIDE_TABLE: .flat(raw.offset..<raw.offset &+ raw.count)
            case TIDE_STRING: .string(raw.offset..<raw.offset &+ raw.count)
            case TIDE_INTEGER: .integer(raw.integer)
            case TIDE_NUMBER: .number(raw.number)
            case TIDE_FALSE: .boolean(false)
            case TIDE_TRUE: .boolean(true)
            default: .null
            }
        key = Self.range(raw.key_offset, raw.key_count)
        metadata = Self.range(raw.metadata_offset, raw.metadata_count)
    }

    private static func range(_ offset: Int, _ count: Int) -> Range<Int>? {
        // SIZE_MAX, which says that there is none, is imported as -1.
        offset < 0 ? nil : offset..<offset &+ count
    }
}

/// What the last call gave, in order.
///
/// Valid until the next call or ``LuaState/takeOutput()``.
public struct LuaOutputs: RandomAccessCollection {
    private let base: UnsafePointer<tide_output>?
    /// How many there are.
    public let count: Int

    init(base: UnsafePointer<tide_output>?, count: Int) {
        self.base = count == 0 ? nil : base
        self.count = base == nil ? 0 : count
    }

    /// Zero.
    public var startIndex: Int { 0 }
    /// The count.
    public var endIndex: Int { count }

    /// The output at an index, which must be in bounds.
    public subscript(index: Int) -> LuaOutput {
        guard let base, index >= 0, index < count else { preconditionFailure("index out of bounds") }
        return LuaOutput(base[index])
    }
}

/// The memory of a batch's outputs, freed with its owner.
public struct LuaOutputBuffer: ~Copyable {
    /// The bytes.
    public let bytes: UnsafeRawBufferPointer

    init(_ start: UnsafeMutablePointer<UInt8>, count: Int) {
        bytes = UnsafeRawBufferPointer(start: start, count: count)
    }

    deinit { UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.deallocate() }

    /// Hands the memory over: the caller frees it with `free`.
    public consuming func release() -> UnsafeRawBufferPointer {
        let bytes = bytes
        discard self
        return bytes
    }
}
