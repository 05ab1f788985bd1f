import TidemillValue

/// A small copy of an image in opaque sRGB, 8 bits a sample, for what is computed in Swift.
struct SmallPixels {
    struct Colour: Hashable {
        var red, green, blue: UInt8

        /// Like `#1a2b3c`.
        var hex: String {
            let number = UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue)
            let digits = String(number, radix: 16)
            return "#" + String(repeating: "0", count: 6 - digits.count) + digits
        }
    }

    let width: Int
    let height: Int
    let colours: [Colour]

    /// The first page of an image within a square, or of exactly a size.
    init(of image: Image, within side: Int, _ call: ImageCall) throws(ImageError) {
        try self.init(image, ["width": .integer(side), "height": .integer(side), "size": .text("down")], call)
    }

    /// The first page of an image, distorted to a size.
    init(of image: Image, width: Int, height: Int, _ call: ImageCall) throws(ImageError) {
        try self.init(image, ["width": .integer(width), "height": .integer(height), "size": .text("force")], call)
    }

    private init(_ image: Image, _ settings: VipsCall.Settings, _ call: ImageCall) throws(ImageError) {
        var pixels = try Self.small(image, settings, call)
        if pixels.header.pages > 1 { pixels = try pixels.page(0, call) }
        pixels = try pixels.inSRGB(call).flattened(TidemillImages.Colour([255]), call)
        let bands = pixels.header.bands
        width = pixels.header.width
        height = pixels.header.height
        colours = try pixels.withSamples { samples in
            stride(from: 0, through: samples.count - bands, by: bands).map { at in
                bands < 3
                    ? Colour(red: samples[at], green: samples[at], blue: samples[at])
                    : Colour(red: samples[at], green: samples[at + 1], blue: samples[at + 2])
            }
        }
    }

    private static func small(_ image: Image, _ settings: VipsCall.Settings, _ call: ImageCall) throws(ImageError)
        -> Pixels
    {
        guard let file = image.file, !image.isDecoded else {
            var pixels = try image.pixels(call)
            if pixels.header.pages > 1 { pixels = try pixels.page(0, call) }
            return try pixels.applying("thumbnail_image", call, settings)
        }
        return try ImageFile.reading { () throws(ImageError) in
            let vips = try VipsCall(
                "thumbnail_buffer",
                ["buffer": .bytes(file.bytes), "fail-on": .text(file.loading.failOn.rawValue)]
            )
            if file.format.hasPages { vips.set("option-string", .text("[page=\(file.loading.page)]")) }
            for (name, setting) in settings { vips.set(name, setting) }
            return try vips.image(call)
        }
    }

    /// The mean of all pixels.
    var average: Colour {
        var sums = (0, 0, 0)
        for colour in colours {
            sums.0 += Int(colour.red)
            sums.1 += Int(colour.green)
            sums.2 += Int(colour.blue)
        }
        let count = max(colours.count, 1)
        func mean(_ sum: Int) -> UInt8 { UInt8((sum + count / 2) / count) }
        return Colour(red: mean(sums.0), green: mean(sums.1), blue: mean(sums.2))
    }

    /// The lightness of each pixel, 0 to 255 (BT.601).
    var lightness: [Double] {
        colours.map { 0.299 * Double($0.red) + 0.587 * Double($0.green) + 0.114 * Double($0.blue) }
    }
}
