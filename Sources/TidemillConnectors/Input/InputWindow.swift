import TidemillValue

/// The bytes that were read and not yet handed on, in a block that slices of it share: lines are handed on without
/// copying them, and only a part of a line is copied when the next block begins.
struct InputWindow: ~Copyable {
    private static let blockSize = 256 * 1024
    /// Less room than this is not worth a system call.
    private static let leastRoom = 8 * 1024

    private let input: any ByteInput
    private var block: Block
    /// Where the bytes begin that were not handed on, and where the bytes end that were read.
    private var start = 0
    private var end = 0
    /// How many bytes were read, those before the place where reading began among them.
    private var read: Int
    /// Whether the input has no more.
    private(set) var isComplete = false

    /// A window on an input that begins `offset` bytes behind the first; one of which the size is known gets a block
    /// that holds it.
    init(_ input: any ByteInput, at offset: Int = 0, expecting size: Int? = nil) {
        self.input = input
        block = Block(capacity: size.map { $0 + Self.leastRoom } ?? Self.blockSize)
        read = offset
    }

    /// Where the first byte stands that was not handed on.
    var position: Int { read - count }

    /// How many bytes were read and not handed on.
    var count: Int { end - start }

    /// The bytes that were read and not handed on; valid until the window changes.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: block.storage[start..<end])
    }

    /// A slice of the bytes, counted from the first that was not handed on.
    func slice(_ offset: Int, count: Int) -> Bytes {
        Bytes(block, start: start + offset, count: count)
    }

    /// Hands on, or forgets, the first `count` bytes.
    mutating func take(_ count: Int) { start += count }

    /// Reads more behind the bytes that are there; false when there was nothing more.
    mutating func fill() throws -> Bool {
        guard !isComplete else { return false }
        if block.capacity - end < Self.leastRoom { moveToNewBlock() }
        let room = UnsafeMutableRawBufferPointer(rebasing: block.storage[end...])
        guard !room.isEmpty else { throw FileProblem("input", "no memory for a line of \(count) bytes") }
        let added = try input.read(into: room)
        end += added
        read += added
        isComplete = added == 0
        return added > 0
    }

    private mutating func moveToNewBlock() {
        // A line that fills the block gets one twice the size, so that a long one is copied a few times only.
        let next = Block(capacity: max(Self.blockSize, 2 * count))
        if next.capacity >= count, count > 0 { next.storage.copyMemory(from: bytes) }
        end = min(count, next.capacity)
        start = 0
        block = next
    }
}
