/// A string of bytes: a slice of a block that it shares with others.
///
/// Copying one copies no bytes.
///
/// Text is bytes here as it is in Lua: any content, NULs and invalid UTF-8 included.
public struct Bytes: Sendable {
    @usableFromInline let block: Block
    @usableFromInline let start: UInt32
    @usableFromInline let length: UInt32

    /// The bytes `start ..< start + count` of a block, which may be one that is still being filled.
    @inlinable
    public init(_ block: Block, start: Int, count: Int) {
        self.block = block
        self.start = UInt32(truncatingIfNeeded: start)
        self.length = UInt32(truncatingIfNeeded: count)
    }

    /// No bytes.
    public init() { self.init(.empty, start: 0, count: 0) }

    /// A copy of the bytes of `source`.
    public init(copying source: UnsafeRawBufferPointer) {
        guard !source.isEmpty else {
            self.init()
            return
        }
        let block = Block(capacity: source.count)
        block.storage.copyMemory(from: source)
        self.init(block, start: 0, count: source.count)
    }

    /// The UTF-8 of a string.
    public init(_ text: some StringProtocol) {
        var text = String(text)
        self = text.withUTF8 { Bytes(copying: UnsafeRawBufferPointer($0)) }
    }

    /// A copy of the bytes of an array.
    public init(_ bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { Bytes(copying: $0) }
    }

    /// How many bytes there are.
    @inlinable
    public var count: Int { Int(length) }

    /// Whether there are none.
    @inlinable
    public var isEmpty: Bool { length == 0 }

    /// Calls `body` with the bytes, which are valid during the call only.
    @inlinable
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // A slice of an empty or unfilled block has no base address to count from.
        guard let base = block.base else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return try body(UnsafeRawBufferPointer(start: base + Int(start), count: Int(length)))
    }

    /// The bytes `range` of these; `range` counts from 0 and lies within them.
    public func slice(_ range: Range<Int>) -> Bytes {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a slice lies within its bytes")
        return Bytes(block, start: Int(start) + range.lowerBound, count: range.count)
    }

    /// Whether `next` continues these bytes in the same memory, so that both can be written as one.
    public func isFollowed(by next: Bytes) -> Bool {
        block === next.block && start + length == next.start
    }

    /// These bytes and `next`, which ``isFollowed(by:)`` found to continue them, as one slice.
    public func joined(with next: Bytes) -> Bytes {
        precondition(isFollowed(by: next))
        return Bytes(block, start: Int(start), count: count + next.count)
    }
}

extension Bytes: Hashable {
    /// Whether both hold the same bytes.
    public static func == (left: Bytes, right: Bytes) -> Bool {
        left.withUnsafeBytes { left in right.withUnsafeBytes { left.elementsEqual($0) } }
    }

    /// Feeds the bytes to a hasher.
    public func hash(into hasher: inout Hasher) {
        withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}

extension Bytes: CustomStringConvertible, ExpressibleByStringLiteral {
    /// The UTF-8 of a literal.
    public init(stringLiteral text: String) { self.init(text) }

    /// The bytes as text; what is not UTF-8 shows as U+FFFD.
    public var description: String { String(self) }
}

extension String {
    /// The bytes read as UTF-8; what is not shows as U+FFFD.
    public init(_ bytes: Bytes) {
        self = bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}

extension Array<UInt8> {
    /// A copy of the bytes.
    public init(_ bytes: Bytes) {
        self = bytes.withUnsafeBytes { Array($0) }
    }
}
