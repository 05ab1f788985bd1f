internal import CVips
internal import TidemillValue

/// An image of libvips in memory, or one whose header alone is read.
///
/// `@unchecked Sendable`: nothing changes it after it was made, and libvips counts its references atomically.
final class Pixels: @unchecked Sendable {
    let handle: OpaquePointer
    let header: Header

    /// Takes over a reference.
    init(_ handle: OpaquePointer) {
        self.handle = handle
        header = Header(tide_image_describe(handle))
    }

    deinit { tide_image_free(handle) }

    /// Calls `body` with the samples, row by row.
    func withSamples<Result>(_ body: (UnsafeRawBufferPointer) throws(ImageError) -> Result) throws(ImageError) -> Result
    {
        guard let start = tide_image_pixels(handle) else {
            throw ImageError(.failed, "the image's pixels are not in memory")
        }
        return try body(UnsafeRawBufferPointer(start: start, count: header.bytes))
    }

    /// An image of `samples`, which are copied; they must be as many as the sizes say.
    static func make(
        _ samples: UnsafeRawBufferPointer,
        width: Int,
        height: Int,
        bands: Int,
        format: SampleFormat,
        interpretation: String
    ) throws(ImageError) -> Pixels {
        try ImageLibrary.open()
        guard let start = samples.baseAddress, samples.count == width * height * bands * format.size,
            let handle = tide_image_make(
                start,
                samples.count,
                Int32(width),
                Int32(height),
                Int32(bands),
                format.code,
                interpretation
            )
        else { throw ImageError(.failed, "the pixels don't fit the size") }
        return Pixels(handle)
    }
}

/// What an image's header says.
struct Header: Sendable {
    let width: Int
    /// Of all pages at hand, one below the other.
    let height: Int
    let bands: Int
    let pageHeight: Int
    /// How many pages the file has, loaded or not.
    let filePages: Int
    let orientation: Int
    let hasAlpha: Bool
    let bytes: Int
    let format: String
    let interpretation: String

    init(_ header: tide_image_header) {
        width = Int(header.width)
        height = Int(header.height)
        bands = Int(header.bands)
        pageHeight = Int(header.page_height)
        filePages = Int(header.pages)
        orientation = Int(header.orientation)
        hasAlpha = header.has_alpha
        bytes = Int(header.bytes)
        format = String(cString: header.format)
        interpretation = String(cString: header.interpretation)
    }

    /// How many pages are at hand.
    var pages: Int { pageHeight > 0 ? height / pageHeight : 1 }
    /// How many bands are colours rather than transparency.
    var colours: Int { hasAlpha ? bands - 1 : bands }
    /// What full intensity is: of 16-bit samples 65,535, else 255.
    var white: Double { format == "ushort" ? 65_535 : 255 }
}

/// The type of a sample of raw pixels.
enum SampleFormat: String, CaseIterable {
    case uchar, ushort, float

    var code: Int32 {
        switch self {
        case .uchar: 0
        case .ushort: 2
        case .float: 6
        }
    }

    var size: Int {
        switch self {
        case .uchar: 1
        case .ushort: 2
        case .float: 4
        }
    }
}
