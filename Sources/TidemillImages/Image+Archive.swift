public import TidemillValue

extension Image {
    /// The image without loss, for whoever keeps it: a file as it is, else a PNG, or a TIFF of what a PNG can't hold.
    public func archived(call: ImageCall = ImageCall()) throws(ImageError) -> (format: ImageFormat, bytes: Bytes) {
        if let file { return (file.format, file.bytes) }
        let pixels = try pixels(call)
        if pixels.isPNG {
            return (
                .png, try VipsCall("pngsave_buffer", ["in": .image(pixels), "compression": .integer(6)]).bytes(call)
            )
        }
        let tiff = try VipsCall("tiffsave_buffer", ["in": .image(pixels), "compression": .text("deflate")])
        return (.tiff, try tiff.bytes(call))
    }

    /// The image that ``archived(call:)`` wrote, with all of its pages.
    public static func restore(_ bytes: Bytes, call: ImageCall = ImageCall()) throws(ImageError) -> Image {
        let image = try load(bytes, call: call)
        guard let format = image.format, format.hasPages, image.header.filePages > 1 else { return image }
        return try load(bytes, ImageLoading(pages: -1), call: call)
    }
}

extension Pixels {
    /// Whether a PNG holds these pixels as they are.
    var isPNG: Bool {
        guard header.pages == 1, (1...4).contains(header.bands) else { return false }
        return switch header.interpretation {
        case "srgb", "b-w": header.format == "uchar"
        case "rgb16", "grey16": header.format == "ushort"
        default: false
        }
    }
}
