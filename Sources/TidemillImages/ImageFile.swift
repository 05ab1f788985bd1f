internal import CVips
public import TidemillValue

/// How strict a file is read.
public enum DamagePolicy: String, Sendable, CaseIterable {
    /// What can't be read is left grey.
    case none
    /// A file that ends too early is refused; the default.
    case truncated
    /// A file with an error is refused.
    case error
    /// A file that the decoder warns of is refused.
    case warning
}

/// How a file is read.
public struct ImageLoading: Sendable, Hashable {
    /// The first page, counted from 0.
    public var page: Int
    /// How many pages are read, one by default; -1 reads all from the first on.
    public var pages: Int
    /// What damage is refused.
    public var failOn: DamagePolicy

    /// A way to read a file, with its defaults.
    public init(page: Int = 0, pages: Int = 1, failOn: DamagePolicy = .truncated) {
        self.page = page
        self.pages = pages
        self.failOn = failOn
    }

    /// The same as options of a loader, for thumbnails.
    func options(_ format: ImageFormat) -> String {
        format.hasPages ? "[page=\(page),n=\(pages)]" : ""
    }
}

/// The bytes of an image file, with what its header says.
struct ImageFile: Sendable {
    let bytes: Bytes
    let format: ImageFormat
    let loading: ImageLoading
    let header: Header

    /// Reads the header.
    ///
    /// - Throws: ``ImageError`` where the bytes are no image of an allowed format or of an allowed size.
    init(_ bytes: Bytes, _ loading: ImageLoading, _ call: ImageCall) throws(ImageError) {
        try ImageLibrary.open()
        let found = try Self.format(of: bytes, call.limits)
        let pixels = try Self.reading { () throws(ImageError) in
            try Self.call(bytes, found, loading).header(call)
        }
        header = pixels.header
        format = found == .heif && pixels.text("heif-compression") == "av1" ? .avif : found
        self.bytes = bytes
        self.loading = loading
        guard call.limits.formats.contains(format) else { throw Self.refused(format.rawValue, call.limits) }
        // Its bytes count when it is decoded: a thumbnail of a photo that is too large for that is none.
        try call.limits.check(
            "the image",
            width: header.width,
            pageHeight: header.pageHeight,
            pages: header.pages,
            bytes: 0
        )
    }

    /// The pixels.
    func decode(_ call: ImageCall) throws(ImageError) -> Pixels {
        try Self.reading { () throws(ImageError) in
            try Self.call(bytes, format, loading).image(call)
        }
    }

    /// Calls `body` with the header's fields of metadata.
    func withFields<Result>(_ body: (Pixels) -> Result, _ call: ImageCall) throws(ImageError) -> Result {
        let vips = try Self.call(bytes, format, loading)
        return try withExtendedLifetime(vips) { () throws(ImageError) in body(try vips.header(call)) }
    }

    /// Runs `body`, whose failure is the file's.
    static func reading<Result>(_ body: () throws(ImageError) -> Result) throws(ImageError) -> Result {
        do throws(ImageError) { return try body() } catch {
            throw error.kind == .failed ? ImageError(.input, "the image is damaged: \(error.reason)") : error
        }
    }

    /// Sequential: rows are decoded straight to where they go, without a second copy of the image.
    private static func call(_ bytes: Bytes, _ format: ImageFormat, _ loading: ImageLoading) throws(ImageError)
        -> VipsCall
    {
        let call = try VipsCall(
            format.loader,
            ["buffer": .bytes(bytes), "access": .text("sequential"), "fail-on": .text(loading.failOn.rawValue)]
        )
        if format.hasPages {
            call.set("page", .integer(loading.page))
            call.set("n", .integer(loading.pages))
        }
        return call
    }

    private static func format(of bytes: Bytes, _ limits: ImageLimits) throws(ImageError) -> ImageFormat {
        if bytes.isEmpty { throw ImageError(.input, "an image of no bytes") }
        let name = bytes.withUnsafeBytes { bytes -> String? in
            guard let start = bytes.baseAddress, let name = tide_image_loader(start, bytes.count) else { return nil }
            return String(cString: name)
        }
        guard let name else { throw refused("an unknown format", limits) }
        guard let format = ImageFormat(loader: name) else { throw refused(name, limits) }
        let isAllowed = limits.formats.contains(format) || (format == .heif && limits.formats.contains(.avif))
        guard isAllowed else { throw refused(format.rawValue, limits) }
        return format
    }

    private static func refused(_ found: String, _ limits: ImageLimits) -> ImageError {
        let allowed = ImageFormat.allCases.filter { limits.formats.contains($0) }.map(\.rawValue)
        let name = found.replacing("load_buffer", with: "")
        return ImageError(
            .input,
            "not an image that is allowed: it is \(name), allowed are \(allowed.joined(separator: ", "))"
        )
    }
}

extension Image {
    /// An image of a file's bytes, of which only the header is read.
    ///
    /// - Throws: ``ImageError`` where the bytes are no image of an allowed format or size.
    public static func load(
        _ bytes: Bytes,
        _ loading: ImageLoading = ImageLoading(),
        call: ImageCall = ImageCall()
    ) throws(ImageError) -> Image {
        Image(file: try ImageFile(bytes, loading, call))
    }
}
