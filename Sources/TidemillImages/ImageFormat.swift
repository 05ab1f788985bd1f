/// A format of image files that can be read, and written where this libvips does.
public enum ImageFormat: String, Sendable, CaseIterable {
    /// JPEG.
    case jpeg
    /// PNG.
    case png
    /// WebP, also animated.
    case webp
    /// GIF, also animated.
    case gif
    /// TIFF, also with several pages.
    case tiff
    /// AVIF, where libheif has an encoder for it.
    case avif
    /// HEIF, which is only read.
    case heif

    /// The format of what a loader of libvips takes; AVIF and HEIF have one in common.
    init?(loader: String) {
        switch loader {
        case "jpegload_buffer": self = .jpeg
        case "pngload_buffer": self = .png
        case "webpload_buffer": self = .webp
        case "gifload_buffer": self = .gif
        case "tiffload_buffer": self = .tiff
        case "heifload_buffer": self = .heif
        default: return nil
        }
    }

    /// The operation of libvips that reads it.
    var loader: String { self == .avif ? "heifload_buffer" : "\(rawValue)load_buffer" }

    /// The operation of libvips that writes it.
    var saver: String { self == .avif ? "heifsave_buffer" : "\(rawValue)save_buffer" }

    /// Whether one file may hold several pages.
    var hasPages: Bool { self != .jpeg && self != .png }

    /// Whether pages are written as such; of other formats' files the first page alone is.
    var writesPages: Bool { self == .gif || self == .webp || self == .tiff }
}
