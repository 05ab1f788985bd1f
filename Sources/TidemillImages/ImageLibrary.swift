import CVips

/// The image library, libvips, which the first image opens.
public enum ImageLibrary {
    /// Opens libvips if nobody did yet.
    ///
    /// - Throws: ``ImageError`` of the kind `unavailable` that says what to install.
    public static func open() throws(ImageError) {
        if let problem = tide_vips_open() { throw ImageError(.unavailable, String(cString: problem)) }
    }

    /// The version, like "8.14.1"; nil before ``open()``.
    public static var version: String? {
        let version = tide_vips_version()
        return version == 0 ? nil : "\(version / 10_000).\(version / 100 % 100).\(version % 100)"
    }

    /// How many bytes of pixels libvips holds at present, over all images.
    public static var memory: Int { tide_vips_memory() }

    /// How many fonts there are for text.
    public static var fontCount: Int { Int(tide_vips_fonts()) }
}
