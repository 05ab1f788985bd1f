import Glibc

/// Where a reader's bytes come from: a file, or what a decompressor makes of another input.
protocol ByteInput: AnyObject {
    /// Puts bytes at the front of `buffer`, which is not empty.
    ///
    /// - Returns: how many; 0 at the end, and only there.
    /// - Throws: `CancellationError` when the wait for input was stopped.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// The bytes of a file, a pipe or a terminal.
final class DescriptorInput: ByteInput {
    let path: String
    /// How many bytes were read, for the progress.
    private(set) var position = 0
    let descriptor: Descriptor
    /// Where a read may wait for ever: what ends the wait.
    private let stop: StopSignal?

    init(_ descriptor: Descriptor, path: String, stop: StopSignal?) {
        self.descriptor = descriptor
        self.path = path
        self.stop = stop
    }

    /// Goes to a place in a file.
    func seek(to offset: Int) throws(SystemError) {
        guard lseek(descriptor.raw, offset, SEEK_SET) == offset else { throw SystemError(path, "can't read it") }
        position = offset
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            try stop?.waitForInput(descriptor, path: path)
            let count = retryingInterrupts { Glibc.read(descriptor.raw, buffer.baseAddress, buffer.count) }
            if count >= 0 {
                position += count
                return count
            }
            // Somebody who shares the pipe was faster.
            if errno == EAGAIN, stop != nil { continue }
            throw SystemError(path, "can't read it")
        }
    }
}

/// An input whose first bytes were already read, to see what they are.
final class PeekedInput: ByteInput {
    private var head: [UInt8] = []
    private var given = 0
    private let input: any ByteInput

    init(_ input: any ByteInput) { self.input = input }

    /// Whether the input starts with one of `signatures`; reads no further than it takes to know.
    func firstMatch(of signatures: [Signature]) throws -> Signature? {
        var open = signatures
        while !open.isEmpty {
            open.removeAll { !$0.agrees(with: head) }
            if let found = open.first(where: { $0.count <= head.count }) { return found }
            guard !open.isEmpty, try readOne() else { return nil }
        }
        return nil
    }

    private func readOne() throws -> Bool {
        var byte: UInt8 = 0
        let count = try withUnsafeMutableBytes(of: &byte) { try input.read(into: $0) }
        if count > 0 { head.append(byte) }
        return count > 0
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard given < head.count else { return try input.read(into: buffer) }
        let count = min(buffer.count, head.count - given)
        buffer.copyBytes(from: head[given..<given + count])
        given += count
        return count
    }
}

/// The first bytes by which a format is known.
struct Signature {
    enum Kind { case gzip, zstd }

    let kind: Kind
    private let bytes: [ClosedRange<UInt8>]

    var count: Int { bytes.count }

    func agrees(with head: [UInt8]) -> Bool {
        zip(bytes, head).allSatisfy { $0 ~= $1 }
    }

    static let compressed = [
        Signature(kind: .gzip, bytes: [0x1F...0x1F, 0x8B...0x8B]),
        Signature(kind: .zstd, bytes: [0x28...0x28, 0xB5...0xB5, 0x2F...0x2F, 0xFD...0xFD]),
        // A frame that decoders skip may come first.
        Signature(kind: .zstd, bytes: [0x50...0x5F, 0x2A...0x2A, 0x4D...0x4D, 0x18...0x18]),
    ]
}

/// What is in a file, packed or not, from a place on; nil where it ends before.
func unpacked(_ file: DescriptorInput, from start: Int) throws -> (any ByteInput)? {
    try file.seek(to: 0)
    let input = try decompressing(file, path: file.path)
    guard start > 0 else { return input }
    if input is PeekedInput {
        guard try file.descriptor.status().size >= start else { return nil }
        try file.seek(to: start)
        return file
    }
    // Packed bytes can't be skipped.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 16)
    defer { scratch.deallocate() }
    var left = start
    while left > 0 {
        let count = try input.read(into: UnsafeMutableRawBufferPointer(rebasing: scratch.prefix(left)))
        if count == 0 { return nil }
        left -= count
    }
    return input
}

/// The input itself, or what is packed in it where its first bytes say gzip or zstd.
func decompressing(_ input: any ByteInput, path: String) throws -> any ByteInput {
    let peeked = PeekedInput(input)
    switch try peeked.firstMatch(of: Signature.compressed)?.kind {
    case .gzip: return try GzipInput(peeked, path: path)
    case .zstd: return try ZstdInput(peeked, path: path)
    case nil: return peeked
    }
}
