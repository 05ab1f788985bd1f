internal import CLuaHost

/// One value that a call gave.
///
/// Ranges are places in ``LuaState/outputBytes``, and stay valid in the buffer that
/// ``LuaState/takeOutput()`` hands over.
@frozen
public struct LuaOutput: Hashable, Sendable {
    /// A value, or the place where its bytes are.
    @frozen
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
        /// The object of ``LuaOutput/objects``.
        case object
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
    /// The places in ``LuaState/objects`` of those that the value refers to.
    public let objects: Range<Int>

    @inlinable
    init(reading raw: UnsafeRawPointer) {
        port = Int(raw.load(fromByteOffset: LuaOutputLayout.port, as: Int32.self))
        value =
            switch raw.load(fromByteOffset: LuaOutputLayout.tag, as: Int32.self) {
            case 9: .object
            case 8: .line(Self.place(raw))
            case 6, 7: .flat(Self.place(raw))
            case 5: .string(Self.place(raw))
            case 4: .number(raw.load(fromByteOffset: LuaOutputLayout.number, as: Double.self))
            case 3: .integer(raw.load(fromByteOffset: LuaOutputLayout.integer, as: Int64.self))
            case 2: .boolean(true)
            case 1: .boolean(false)
            default: .null
            }
        key = Self.range(raw, LuaOutputLayout.key)
        metadata = Self.range(raw, LuaOutputLayout.metadata)
        let first = Int(raw.load(fromByteOffset: LuaOutputLayout.firstObject, as: UInt32.self))
        objects = first..<first &+ Int(raw.load(fromByteOffset: LuaOutputLayout.objectCount, as: UInt32.self))
    }

    /// Of tags that have one: the wall leaves the fields of others as they are.
    @inlinable
    static func place(_ raw: UnsafeRawPointer) -> Range<Int> {
        let start = raw.load(fromByteOffset: LuaOutputLayout.offset, as: Int.self)
        return start..<start &+ raw.load(fromByteOffset: LuaOutputLayout.count, as: Int.self)
    }

    @inlinable
    static func range(_ raw: UnsafeRawPointer, _ place: Int) -> Range<Int>? {
        // SIZE_MAX, which says that there is none, reads as -1.
        let offset = raw.load(fromByteOffset: place, as: Int.self)
        return offset < 0 ? nil : offset..<offset &+ raw.load(fromByteOffset: place &+ 8, as: Int.self)
    }
}

/// Where the fields of the wall's `tide_output` are.
///
/// An engine reads an output per job, so reading is inlined into it, and it can't see the C type.
/// A test compares these with the compiler's.
@usableFromInline
enum LuaOutputLayout {
    @inlinable static var port: Int { 0 }
    @inlinable static var tag: Int { 4 }
    @inlinable static var integer: Int { 8 }
    @inlinable static var number: Int { 16 }
    @inlinable static var offset: Int { 24 }
    @inlinable static var count: Int { 32 }
    @inlinable static var key: Int { 40 }
    @inlinable static var metadata: Int { 56 }
    @inlinable static var firstObject: Int { 72 }
    @inlinable static var objectCount: Int { 76 }
    @inlinable static var stride: Int { 80 }
}

/// What the last call gave, in order.
///
/// Valid until the next call or ``LuaState/takeOutput()``.
@frozen
public struct LuaOutputs: RandomAccessCollection {
    @usableFromInline let base: UnsafeRawPointer?
    /// How many there are.
    public let count: Int

    init(base: UnsafePointer<tide_output>?, count: Int) {
        self.base = count == 0 ? nil : UnsafeRawPointer(base)
        self.count = base == nil ? 0 : count
    }

    /// Zero.
    @inlinable
    public var startIndex: Int { 0 }

    /// The count.
    @inlinable
    public var endIndex: Int { count }

    /// The output at an index, which must be in bounds.
    @inlinable
    public subscript(index: Int) -> LuaOutput {
        guard let base, index >= 0, index < count else { preconditionFailure("index out of bounds") }
        return LuaOutput(reading: base + index &* LuaOutputLayout.stride)
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
