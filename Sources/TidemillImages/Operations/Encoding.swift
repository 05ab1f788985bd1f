internal import CVips
import TidemillValue

/// How an image is written.
struct Encoding {
    static let parameters: [ImageParameter] = [
        .optional(
            "quality",
            .integer(1...100),
            nil,
            "How much is kept where the format loses something; jpeg 75, webp 75, avif 50."
        ),
        .optional(
            "effort",
            .integer(0...10),
            nil,
            "How long is searched for a smaller file; each format has its own range and default."
        ),
        .optional("lossless", .boolean, false, "Whether nothing is lost: webp, avif, heif."),
        .optional("progressive", .boolean, false, "Whether the file shows coarsely at first: jpeg, png, gif."),
        .optional("keep_metadata", .boolean, false, "Whether EXIF, colour profile and the like are kept."),
        .optional("colours", .integer(2...256), nil, "How many colours a palette has: png, gif."),
        .optional("dither", .number(0...1), nil, "How much a palette is dithered: png, gif."),
        .optional(
            "compression",
            .choice(["none", "deflate", "lzw", "jpeg", "zstd", "webp", "packbits"]),
            nil,
            "Of a tiff; by default deflate."
        ),
        .optional("background", .colour, "white", "What shows through where the format has no transparency."),
    ]

    private let format: ImageFormat
    private let arguments: BoundArguments

    /// An encoding with options; those that the format has no use for are ignored.
    init(_ format: ImageFormat, _ arguments: BoundArguments) {
        self.format = format
        self.arguments = arguments
    }

    /// The file.
    func encode(_ pixels: Pixels, _ call: ImageCall) throws(ImageError) -> Bytes {
        guard tide_vips_open() == nil, tide_vips_has(format.saver) else {
            throw ImageError(.unavailable, "this libvips writes no \(format.rawValue)")
        }
        let prepared = try prepare(pixels, call)
        let vips = try VipsCall(format.saver, ["in": .image(prepared)])
        vips.set("strip", .boolean(!arguments.boolean("keep_metadata")))
        try setOptions(vips, prepared)
        do throws(ImageError) { return try vips.bytes(call) } catch {
            // libheif finds out only now whether it has an encoder for the format.
            guard format == .avif || format == .heif, error.kind == .failed, error.reason.contains("nsupported") else {
                throw error
            }
            throw ImageError(.unavailable, "this libvips writes no \(format.rawValue): \(error.reason)")
        }
    }

    private func prepare(_ pixels: Pixels, _ call: ImageCall) throws(ImageError) -> Pixels {
        var pixels = pixels
        if !format.writesPages, pixels.header.pages > 1 { pixels = try pixels.page(0, call) }
        // Without its metadata nobody would know how to turn the picture.
        if !arguments.boolean("keep_metadata"), pixels.header.orientation > 1 {
            pixels = try pixels.mappingPages(call) { (page) throws(ImageError) in try page.applying("autorot", call) }
        }
        return pixels
    }

    private func setOptions(_ vips: VipsCall, _ pixels: Pixels) throws(ImageError) {
        switch format {
        case .jpeg:
            setQuality(vips)
            vips.set("interlace", .boolean(arguments.boolean("progressive")))
            vips.set("background", .numbers(try background(pixels)))
        case .png: setPNG(vips)
        case .webp:
            setQuality(vips)
            setEffort(vips, 0...6)
            vips.set("lossless", .boolean(arguments.boolean("lossless")))
        case .avif, .heif:
            vips.set("compression", .text(format == .avif ? "av1" : "hevc"))
            setQuality(vips)
            setEffort(vips, 0...9)
            vips.set("lossless", .boolean(arguments.boolean("lossless")))
            // Of 8-bit images nothing is won by more than 8 bits, which few readers take.
            if pixels.header.format == "uchar" { vips.set("bitdepth", .integer(8)) }
        case .gif:
            setEffort(vips, 1...10)
            if let bits { vips.set("bitdepth", .integer(bits)) }
            if let dither = arguments.optionalNumber("dither") { vips.set("dither", .number(dither)) }
        case .tiff:
            vips.set("compression", .text(arguments.optionalText("compression") ?? "deflate"))
            setQuality(vips)
        }
    }

    private func setPNG(_ vips: VipsCall) {
        vips.set("interlace", .boolean(arguments.boolean("progressive")))
        if let effort = arguments.optionalInteger("effort") { vips.set("compression", .integer(min(effort, 9))) }
        guard let bits else { return }
        vips.set("palette", .boolean(true))
        // A PNG's palette has 1, 2, 4 or 8 bits.
        vips.set("bitdepth", .integer([1, 2, 4, 8].first { $0 >= bits } ?? 8))
        if let dither = arguments.optionalNumber("dither") { vips.set("dither", .number(dither)) }
    }

    /// How many bits number the colours of a palette; libvips has no other measure of them.
    private var bits: Int? {
        arguments.optionalInteger("colours").map { colours in Int.bitWidth - (colours - 1).leadingZeroBitCount }
    }

    private func setQuality(_ vips: VipsCall) {
        if let quality = arguments.optionalInteger("quality") { vips.set("Q", .integer(quality)) }
    }

    private func setEffort(_ vips: VipsCall, _ range: ClosedRange<Int>) {
        if let effort = arguments.optionalInteger("effort") {
            vips.set("effort", .integer(min(max(effort, range.lowerBound), range.upperBound)))
        }
    }

    private func background(_ pixels: Pixels) throws(ImageError) -> [Double] {
        let parts = arguments.colour("background").rgb
        return pixels.header.colours == 1 ? [parts[0]] : parts
    }
}
