/// The packed bytes that a decompressor has still to take.
struct PackedBuffer: ~Copyable {
    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 * 1024, alignment: 16)
    private(set) var start = 0
    private(set) var end = 0
    private let input: any ByteInput

    init(_ input: any ByteInput) { self.input = input }

    deinit { memory.deallocate() }

    var isEmpty: Bool { start == end }

    /// The bytes not taken yet.
    var rest: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: memory[start..<end])
    }

    mutating func take(_ count: Int) { start += count }

    /// Reads more once all is taken; false at the end of the input.
    mutating func fill() throws -> Bool {
        guard isEmpty else { return true }
        start = 0
        end = 0
        end = try input.read(into: memory)
        return end > 0
    }
}
