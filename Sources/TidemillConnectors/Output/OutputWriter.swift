import Glibc

/// Writes pieces of memory to a descriptor: all of a batch, or, in a file, nothing of it.
struct OutputWriter: ~Copyable {
    /// How bytes are written: `writev`, or what a test puts in its place.
    typealias Call = @Sendable (Int32, UnsafePointer<iovec>, Int32) -> Int

    /// The most pieces that the system takes in one call (IOV_MAX).
    private static let mostPieces = 1024

    private let descriptor: Descriptor
    private let path: String
    private let call: Call
    /// In a regular file, where the last whole batch ends.
    private var end: Int?

    init(_ descriptor: Descriptor, path: String, end: Int?, call: @escaping Call = { writev($0, $1, $2) }) {
        self.descriptor = descriptor
        self.path = path
        self.end = end
        self.call = call
    }

    /// Writes the pieces in order.
    ///
    /// - Throws: ``ClosedOutput`` or ``SystemError``; a file is then cut back, so that it holds no half line.
    mutating func write(_ pieces: [UnsafeRawBufferPointer]) throws {
        var vectors = pieces.filter { !$0.isEmpty }.map {
            iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count)
        }
        let total = vectors.reduce(0) { $0 + $1.iov_len }
        do {
            try write(all: &vectors)
        } catch {
            cutBack()
            throw error
        }
        if let end { self.end = end + total }
    }

    /// Waits until a file's bytes are on the disk.
    func synchronize() throws(SystemError) {
        guard end != nil else { return }
        guard fsync(descriptor.raw) == 0 else { throw SystemError(path, "can't write it to the disk") }
    }

    /// Waits until a file's content is on the disk, and enough to find it there.
    func synchronizeData() throws(SystemError) {
        guard end != nil else { return }
        guard fdatasync(descriptor.raw) == 0 else { throw SystemError(path, "can't write it to the disk") }
    }

    private func write(all vectors: inout [iovec]) throws {
        var first = 0
        while first < vectors.count {
            let count = min(vectors.count - first, Self.mostPieces)
            let written = vectors.withUnsafeBufferPointer { vectors in
                vectors.baseAddress.map { start in
                    retryingInterrupts { call(descriptor.raw, start + first, Int32(count)) }
                } ?? 0
            }
            if written < 0 {
                try waitOrThrow(errno)
            } else if written == 0 {
                throw SystemError(path, "can't write to it", EIO)
            } else {
                first = Self.advance(&vectors, from: first, by: written)
            }
        }
    }

    /// Takes `count` bytes off the front; the new first vector.
    private static func advance(_ vectors: inout [iovec], from first: Int, by count: Int) -> Int {
        var first = first
        var count = count
        while first < vectors.count, count >= vectors[first].iov_len {
            count -= vectors[first].iov_len
            first += 1
        }
        if count > 0 {
            vectors[first].iov_base = vectors[first].iov_base.map { $0 + count }
            vectors[first].iov_len -= count
        }
        return first
    }

    private func waitOrThrow(_ code: Int32) throws {
        switch code {
        case EAGAIN:
            // Whoever shares the terminal or pipe made it non-blocking.
            var wait = pollfd(fd: descriptor.raw, events: Int16(POLLOUT), revents: 0)
            _ = retryingInterrupts { Int(poll(&wait, 1, -1)) }
        case EPIPE: throw ClosedOutput(path: path)
        default: throw SystemError(path, "can't write to it", code)
        }
    }

    private func cutBack() {
        guard let end else { return }
        // Where even that fails the next open finds the half line and cuts it off.
        _ = ftruncate(descriptor.raw, end)
        _ = lseek(descriptor.raw, end, SEEK_SET)
    }
}
