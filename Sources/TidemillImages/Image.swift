internal import Synchronization
internal import TidemillValue

/// An image: the bytes of a file of which only the header was read, pixels in memory, or both.
///
/// It never changes, and any thread may use it. The first operation that needs its pixels decodes it, once;
/// a thumbnail of a file doesn't need them.
///
/// Every operation computes its result into memory before it returns. libvips itself would rather put operations
/// together and compute them in the end, row by row; but then an error, a deadline and the memory would be those of a
/// later call that has nothing to do with them, and a script could build a chain so deep that it overflows a stack.
public final class Image: Sendable {
    /// The file, where the image is one.
    let file: ImageFile?
    /// What the header says.
    let header: Header
    private let decoded: Mutex<Pixels?>
    private let decodedBytes: Atomic<Int>

    /// An image of a file whose header was read.
    init(file: ImageFile) {
        self.file = file
        header = file.header
        decoded = Mutex(nil)
        decodedBytes = Atomic(0)
    }

    /// An image of pixels.
    init(_ pixels: Pixels) {
        file = nil
        header = pixels.header
        decodedBytes = Atomic(pixels.header.bytes)
        decoded = Mutex(pixels)
    }

    /// About how many bytes of memory it holds: the file's, and the pixels' once they are decoded.
    public var footprint: Int { 64 + (file?.bytes.count ?? 0) + decodedBytes.load(ordering: .relaxed) }

    /// Whether the pixels are in memory.
    public var isDecoded: Bool { decodedBytes.load(ordering: .relaxed) > 0 }

    /// The file's format, where the image is a file.
    public var format: ImageFormat? { file?.format }

    /// The width in pixels.
    public var width: Int { header.width }

    /// The height of a page in pixels.
    public var height: Int { header.pageHeight }

    /// How many pages, or frames of an animation, it has.
    public var pages: Int { header.pages }

    /// How many bands it has, transparency included.
    public var bands: Int { header.bands }

    /// The pixels, decoded now if they weren't yet.
    ///
    /// Another thread that wants them meanwhile waits for this one, and decodes itself if this one was stopped.
    func pixels(_ call: ImageCall) throws(ImageError) -> Pixels {
        let result = decoded.withLock { pixels -> Result<Pixels, ImageError> in
            if let pixels { return .success(pixels) }
            do throws(ImageError) {
                let made = try decode(call)
                decodedBytes.store(made.header.bytes, ordering: .relaxed)
                pixels = made
                return .success(made)
            } catch { return .failure(error) }
        }
        return try result.get()
    }

    private func decode(_ call: ImageCall) throws(ImageError) -> Pixels {
        guard let file else { throw ImageError(.failed, "an image has neither bytes nor pixels") }
        return try file.decode(call)
    }
}
