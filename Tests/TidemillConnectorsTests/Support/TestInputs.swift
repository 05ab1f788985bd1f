import TidemillTesting

@testable import TidemillConnectors

/// Bytes in memory that arrive in pieces of given sizes.
final class PiecewiseInput: ByteInput {
    private var rest: ArraySlice<UInt8>
    private let pieceSize: () -> Int
    /// Thrown in place of the end.
    var error: (any Error)?

    init(_ bytes: [UInt8], pieceSize: @escaping () -> Int = { .max }) {
        rest = bytes[...]
        self.pieceSize = pieceSize
    }

    convenience init(_ bytes: [UInt8], seed: Int, largest: Int) {
        var numbers = SeededRandom(seed: seed)
        self.init(bytes) { Int.random(in: 1...largest, using: &numbers) }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let piece = rest.prefix(min(pieceSize(), buffer.count))
        if piece.isEmpty, let error { throw error }
        buffer.copyBytes(from: piece)
        rest = rest.dropFirst(piece.count)
        return piece.count
    }
}

/// The same byte again and again, then an end of its own.
final class EndlessLineInput: ByteInput {
    private var left: Int
    private let tail: PiecewiseInput

    init(_ count: Int, then tail: String) {
        left = count
        self.tail = PiecewiseInput(Array(tail.utf8))
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard left > 0 else { return try tail.read(into: buffer) }
        let count = min(left, buffer.count)
        buffer.baseAddress?.initializeMemory(as: UInt8.self, repeating: UInt8(ascii: "x"), count: count)
        left -= count
        return count
    }
}
