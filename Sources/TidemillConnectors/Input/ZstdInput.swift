import CZstd

/// Unpacks zstd, any number of frames one after the other.
final class ZstdInput: ByteInput {
    private let path: String
    private var packed: PackedBuffer
    private let stream: OpaquePointer
    private var isInFrame = true
    /// Whether the decoder may hold back bytes that it has unpacked already.
    private var hasMore = false
    /// How much the decoder wants next: with no more than that it unpacks one block a call, so that damage in the
    /// next block takes none of this one's bytes with it.
    private var wanted = 16

    init(_ input: any ByteInput, path: String) throws {
        guard let stream = ZSTD_createDCtx() else { throw FileProblem(path, "no memory to unpack zstd") }
        self.path = path
        self.stream = stream
        packed = PackedBuffer(input)
    }

    deinit { ZSTD_freeDCtx(stream) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            if !hasMore, try !packed.fill() {
                if isInFrame { throw FileProblem(path, "the zstd data ends too early") }
                return 0
            }
            let rest = packed.rest
            var source = ZSTD_inBuffer(src: rest.baseAddress, size: min(rest.count, wanted), pos: 0)
            var target = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
            let code = ZSTD_decompressStream(stream, &target, &source)
            guard ZSTD_isError(code) == 0 else {
                throw FileProblem(path, "the zstd data is damaged: \(String(cString: ZSTD_getErrorName(code)))")
            }
            packed.take(source.pos)
            isInFrame = code != 0
            hasMore = isInFrame && target.pos == target.size
            wanted = max(code, 16)
            if target.pos > 0 { return target.pos }
        }
    }
}
