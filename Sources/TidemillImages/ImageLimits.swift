/// How large images may be, and of which formats; checked before anything of that size is computed.
public struct ImageLimits: Sendable, Hashable {
    /// The most pixels of one image: width × height × pages; by default 100,000,000.
    public var maxPixels: Int
    /// The largest width and height of a page; by default 65,500, what a JPEG may have.
    public var maxDimension: Int
    /// The most pages that are read of a file; by default 1,000.
    public var maxPages: Int
    /// The most bytes of one image's decoded pixels; by default 1 GiB.
    public var maxBytes: Int
    /// The formats that are read; by default all that Tidemill knows.
    public var formats: Set<ImageFormat>

    /// Limits, each with its default.
    public init(
        maxPixels: Int = 100_000_000,
        maxDimension: Int = 65_500,
        maxPages: Int = 1_000,
        maxBytes: Int = 1 << 30,
        formats: Set<ImageFormat> = Set(ImageFormat.allCases)
    ) {
        self.maxPixels = maxPixels
        self.maxDimension = maxDimension
        self.maxPages = maxPages
        self.maxBytes = maxBytes
        self.formats = formats
    }

    /// Checks the size of an image that is about to be decoded or made.
    ///
    /// - Throws: ``ImageError`` that names the limit, the size and what to do.
    func check(_ what: String, width: Int, pageHeight: Int, pages: Int, bytes: Int) throws(ImageError) {
        if max(width, pageHeight) > maxDimension {
            throw refusal(what, "is \(width) × \(pageHeight) pixels", "max_dimension", maxDimension)
        }
        if pages > maxPages {
            throw refusal(what, "has \(pages) pages", "max_pages", maxPages)
        }
        // Saturated: three dimensions that a header claims may multiply to more than an integer holds.
        let pixels = Self.product(width, Self.product(pageHeight, pages))
        if pixels > maxPixels {
            let size = "\(width) × \(pageHeight)" + (pages > 1 ? " × \(pages) pages" : "")
            throw refusal(what, "is \(size) = \(pixels) pixels", "max_pixels", maxPixels)
        }
        if bytes > maxBytes {
            throw ImageError(
                .limit,
                "\(what) takes \(bytes) bytes decoded, and \(maxBytes) are allowed: use a smaller one, or raise max_bytes "
                    + "(of a script, `memory`)"
            )
        }
    }

    /// The product, or the largest integer where it is larger.
    static func product(_ left: Int, _ right: Int) -> Int {
        let (product, overflow) = left.multipliedReportingOverflow(by: right)
        return overflow ? Int.max : product
    }

    private func refusal(_ what: String, _ fact: String, _ limit: String, _ value: Int) -> ImageError {
        ImageError(.limit, "\(what) \(fact), and \(limit) is \(value): use a smaller one or raise \(limit)")
    }
}
