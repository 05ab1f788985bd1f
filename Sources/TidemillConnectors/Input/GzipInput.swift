import CZlib
import Glibc

/// Unpacks gzip, any number of members one after the other; zeros that pad the end are skipped.
final class GzipInput: ByteInput {
    private let path: String
    private var packed: PackedBuffer
    private var stream = z_stream()
    private var isInMember = true
    /// What went wrong behind bytes that are given out first.
    private var failure: FileProblem?

    init(_ input: any ByteInput, path: String) throws {
        self.path = path
        packed = PackedBuffer(input)
        // 15: the largest window; 16: a gzip header and checksum are required.
        let code = inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else { throw FileProblem(path, "no memory to unpack gzip") }
    }

    deinit { inflateEnd(&stream) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if let failure { throw failure }
        var written = 0
        while written == 0 {
            guard try packed.fill() else {
                if isInMember { throw FileProblem(path, "the gzip data ends too early") }
                return 0
            }
            if !isInMember {
                guard try startMember() else { continue }
            }
            written = inflate(into: buffer)
            if written == 0, let failure { throw failure }
        }
        return written
    }

    /// Whether another member begins here.
    private func startMember() throws -> Bool {
        while !packed.isEmpty, packed.rest[0] == 0 { packed.take(1) }
        guard !packed.isEmpty else { return false }
        guard packed.rest[0] == 0x1F else { throw FileProblem(path, "something follows the gzip data") }
        inflateReset(&stream)
        isInMember = true
        return true
    }

    private func inflate(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let rest = packed.rest.bindMemory(to: UInt8.self)
        let output = buffer.bindMemory(to: UInt8.self)
        stream.next_in = rest.baseAddress
        stream.avail_in = UInt32(rest.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(clamping: output.count)
        let room = Int(stream.avail_out)
        let code = CZlib.inflate(&stream, Z_NO_FLUSH)
        packed.take(rest.count - Int(stream.avail_in))
        switch code {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END: isInMember = false
        default:
            let reason = stream.msg.map { String(cString: $0) } ?? "error \(code)"
            failure = FileProblem(path, "the gzip data is damaged: \(reason)")
        }
        return room - Int(stream.avail_out)
    }
}
