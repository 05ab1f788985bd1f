internal import CVips
import TidemillValue

// Several images, or text, as one.
extension ImageOperation {
    static let composition: [ImageOperation] = [composite, text, watermark, join]

    private static let modes = [
        "clear", "source", "over", "in", "out", "atop", "dest", "dest-over", "dest-in", "dest-out", "dest-atop", "xor",
        "add",
        "saturate", "multiply", "screen", "overlay", "darken", "lighten", "colour-dodge", "colour-burn", "hard-light",
        "soft-light", "difference", "exclusion",
    ]
    private static let opacity = ImageParameter.optional("opacity", .number(0...1), 1, "How opaque it is.")

    private static let composite = image(
        "composite",
        "Another image upon this one, on every frame of it.",
        [
            .required("overlay", .image, "The other image."),
            .optional("x", ImageParameter.anyPlace, nil, "Where its left edge is."),
            .optional("y", ImageParameter.anyPlace, nil, "Where its upper edge is."),
            .optional(
                "gravity",
                .choice(ImageParameter.gravities),
                "north-west",
                "Where it is, where x and y don't say it."
            ),
            .optional("margin", .integer(0...65_500), 0, "How far from the edge that gravity draws it to."),
            .optional("mode", .choice(modes), "over", "How colours are blended."),
            opacity,
        ]
    ) { (image, a) throws(ImageError) in
        let overlay = try a.image("overlay").pixels(a.call).faded(a.number("opacity"), a.call)
        return Image(
            try image.pixels(a.call).mappingPages(a.call) { (page) throws(ImageError) in
                try page.composed(with: overlay, at: Place(a), mode: a.text("mode"), a.call)
            }
        )
    }

    private static let text = source(
        "text",
        "Text as an image, transparent around the letters.",
        [.required("text", .text, "The text.")] + Text.parameters
    ) { (a) throws(ImageError) in
        Image(try Text(a).pixels(a.call))
    }

    private static let watermark = image(
        "watermark",
        "Text upon the image.",
        [
            .required("text", .text, "The text."),
            .optional("gravity", .choice(ImageParameter.gravities), "south-east", "Where it is."),
            .optional("margin", .integer(0...65_500), 10, "How far from the edge."),
            .optional("opacity", .number(0...1), .number(0.5), "How opaque it is."),
        ] + Text.parameters
    ) { (image, a) throws(ImageError) in
        let overlay = try Text(a).pixels(a.call).faded(a.number("opacity"), a.call)
        return Image(
            try image.pixels(a.call).mappingPages(a.call) { (page) throws(ImageError) in
                let made = try page.composed(with: overlay, at: Place(a), mode: "over", a.call)
                return page.header.hasAlpha ? made : try made.extracting(0, made.header.colours, a.call)
            }
        )
    }

    private static let join = image(
        "join",
        "This image and others as a grid, as on a contact sheet.",
        [
            .required("others", .images, "The others."),
            .optional("columns", .integer(1...10_000), 1, "How many are beside each other."),
            .optional("spacing", .integer(0...10_000), 0, "How many pixels are between them."),
            ImageParameter.background,
            .optional("align", .choice(["low", "centre", "high"]), "low", "Where smaller ones are in their cells."),
        ]
    ) { (image, a) throws(ImageError) in
        var images = [try image.pixels(a.call)]
        for other in a.images("others") { images.append(try other.pixels(a.call)) }
        return Image(try Grid(a).join(images, a.call))
    }
}

/// Where an image is on another.
private struct Place {
    private let x: Int?
    private let y: Int?
    private let gravity: String
    private let margin: Int

    init(_ a: BoundArguments) {
        x = a.optionalInteger("x")
        y = a.optionalInteger("y")
        gravity = a.text("gravity")
        margin = a.integer("margin")
    }

    func left(_ overlay: Header, on base: Header) -> Int {
        if let x { return x }
        if gravity.hasSuffix("west") { return margin }
        return gravity.hasSuffix("east") ? base.width - overlay.width - margin : (base.width - overlay.width) / 2
    }

    func top(_ overlay: Header, on base: Header) -> Int {
        if let y { return y }
        if gravity.hasPrefix("north") { return margin }
        return gravity.hasPrefix("south") ? base.height - overlay.height - margin : (base.height - overlay.height) / 2
    }
}

extension Pixels {
    /// The same, more transparent.
    fileprivate func faded(_ opacity: Double, _ call: ImageCall) throws(ImageError) -> Pixels {
        if opacity == 1 { return self }
        let base = try withAlpha(call)
        let factors = Array(repeating: 1.0, count: base.header.colours) + [opacity]
        let faded = try base.applying(
            "linear",
            call,
            [
                "a": .numbers(factors), "b": .numbers(Array(repeating: 0, count: factors.count)),
                "uchar": .boolean(header.format == "uchar"),
            ]
        )
        return faded.header.format == header.format
            ? faded : try faded.applying("cast", call, ["format": .text(header.format)])
    }

    fileprivate func composed(with overlay: Pixels, at place: Place, mode: String, _ call: ImageCall) throws(ImageError)
        -> Pixels
    {
        let made = try VipsCall(
            "composite2",
            [
                "base": .image(self), "overlay": .image(overlay), "mode": .text(mode),
                "x": .integer(place.left(overlay.header, on: header)),
                "y": .integer(place.top(overlay.header, on: header)),
            ]
        ).image(call)
        return made.header.format == header.format
            ? made : try made.applying("cast", call, ["format": .text(header.format)])
    }
}

/// Images in rows and columns.
private struct Grid {
    private let columns: Int
    private let spacing: Int
    private let background: Colour
    private let align: String

    init(_ a: BoundArguments) {
        columns = a.integer("columns")
        spacing = a.integer("spacing")
        background = a.colour("background")
        align = a.text("align")
    }

    func join(_ images: [Pixels], _ call: ImageCall) throws(ImageError) -> Pixels {
        let columns = min(columns, images.count)
        let rows = (images.count + columns - 1) / columns
        let width = images.map(\.header.width).max() ?? 0
        let height = images.map(\.header.height).max() ?? 0
        try call.limits.check(
            "the result",
            width: width * columns + spacing * (columns - 1),
            pageHeight: height * rows + spacing * (rows - 1),
            pages: 1,
            bytes: 0
        )
        let bands = images.max { $0.header.bands < $1.header.bands } ?? images[0]
        let vips = try VipsCall(
            "arrayjoin",
            [
                "in": .images(images), "across": .integer(columns), "shim": .integer(spacing),
                "background": .numbers(try background.bands(of: bands.header)), "halign": .text(align),
                "valign": .text(align),
            ]
        )
        return try vips.image(call).changing { copy in
            for field in ["page-height", "n-pages", "delay", "loop"] { tide_image_remove(copy, field) }
        }
    }
}
