internal import CVips
import TidemillValue

// Bands: of a colour image red, green, blue and perhaps transparency.
extension ImageOperation {
    static let bands: [ImageOperation] = [extractBand, joinBands, addAlpha, cast]

    private static let extractBand = pixels(
        "extract_band",
        "Some of the bands.",
        [
            .required("band", .integer(0...63), "The first, counted from 0."),
            .optional("count", .integer(1...64), 1, "How many."),
        ]
    ) { (pixels, a) throws(ImageError) in
        guard a.integer("band") + a.integer("count") <= pixels.header.bands else {
            throw ImageError(.argument, "the image has \(pixels.header.bands) bands, counted from 0")
        }
        return try pixels.extracting(a.integer("band"), a.integer("count"), a.call)
    }

    private static let joinBands = pixels(
        "join_bands",
        "The bands of this image and then those of others, all of one size.",
        [.required("others", .images, "The others.")]
    ) { (pixels, a) throws(ImageError) in
        var images = [pixels]
        for image in a.images("others") { images.append(try image.pixels(a.call)) }
        guard images.allSatisfy({ $0.header.width == pixels.header.width && $0.header.height == pixels.header.height })
        else {
            throw ImageError(.argument, "the images differ in size")
        }
        guard images.reduce(0, { $0 + $1.header.bands }) <= 64 else {
            throw ImageError(.argument, "that is more than 64 bands")
        }
        return try VipsCall("bandjoin", ["in": .images(images)]).image(a.call)
    }

    private static let addAlpha = pixels(
        "add_alpha",
        "The image with a band of transparency, all opaque, where it has none."
    ) { (pixels, a) throws(ImageError) in
        try pixels.withAlpha(a.call)
    }

    private static let cast = pixels(
        "cast",
        "The samples as another type, cut off at its ends.",
        [.required("format", .choice(["uchar", "ushort", "float"]), "Which.")]
    ) { (pixels, a) throws(ImageError) in
        try pixels.applying("cast", a.call, ["format": .text(a.text("format"))])
    }
}

extension Pixels {
    /// The same with a band of transparency.
    func withAlpha(_ call: ImageCall) throws(ImageError) -> Pixels {
        header.hasAlpha ? self : try applying("bandjoin_const", call, ["c": .numbers([header.white])])
    }
}
