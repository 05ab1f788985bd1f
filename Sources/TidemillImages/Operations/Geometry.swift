internal import CVips
import TidemillValue

extension ImageParameter {
    static let interesting = Kind.choice(["none", "centre", "entropy", "attention", "low", "high", "all"])
    static let gravities = [
        "centre", "north", "east", "south", "west", "north-east", "south-east", "south-west", "north-west",
    ]
    static let background = optional("background", .colour, "black", "The colour of what the image doesn't cover.")
}

// Size, place and direction. Animations are treated frame by frame.
extension ImageOperation {
    static let geometry: [ImageOperation] = [
        thumbnail, resize, crop, smartCrop, rotate, flip, autoOrient, pad, embed, replicate, frame,
    ]

    private static let thumbnail = image(
        "thumbnail",
        "The image within a box; a file that isn't decoded yet is decoded at a fraction of its size.",
        [
            .required("width", ImageParameter.anySize, "The box's width."),
            .optional("height", ImageParameter.anySize, nil, "The box's height; by default the width."),
            .optional("crop", ImageParameter.interesting, "none", "Whether the box is filled, and what is kept then."),
            .optional(
                "size",
                .choice(["both", "up", "down", "force"]),
                "both",
                "Whether it is only enlarged or reduced, or distorted."
            ),
            .optional("no_rotate", .boolean, false, "Whether the file's orientation is left alone."),
            .optional("linear", .boolean, false, "Whether light is averaged rather than sample values; slower."),
        ]
    ) { (image, a) throws(ImageError) in
        try Thumbnail(a).make(of: image, a.call)
    }

    private static let resize = pages(
        "resize",
        "The image enlarged or reduced by a factor.",
        [
            .required("scale", .number(0.0001...1_000), "The factor."),
            .optional("vscale", .number(0.0001...1_000), nil, "The vertical factor, where it is another."),
            .optional(
                "kernel",
                .choice(["nearest", "linear", "cubic", "mitchell", "lanczos2", "lanczos3"]),
                "lanczos3",
                "How pixels are weighed."
            ),
        ]
    ) { (pixels, a) throws(ImageError) in
        let scale = a.number("scale")
        let vertical = a.optionalNumber("vscale") ?? scale
        try a.call.limits.check(
            "the result",
            width: Int(Double(pixels.header.width) * scale),
            pageHeight: Int(Double(pixels.header.height) * vertical),
            pages: 1,
            bytes: 0
        )
        return try pixels.applying(
            "resize",
            a.call,
            ["scale": .number(scale), "vscale": .number(vertical), "kernel": .text(a.text("kernel"))]
        )
    }

    private static let crop = pages(
        "crop",
        "A rectangle of the image.",
        [
            .required("x", .integer(0...1_000_000), "Its left edge."),
            .required("y", .integer(0...1_000_000), "Its upper edge."),
            .required("width", ImageParameter.anySize, "Its width."),
            .required("height", ImageParameter.anySize, "Its height."),
        ]
    ) { (pixels, a) throws(ImageError) in
        let (x, y, width, height) = (a.integer("x"), a.integer("y"), a.integer("width"), a.integer("height"))
        guard x + width <= pixels.header.width, y + height <= pixels.header.height else {
            throw ImageError(
                .argument,
                "\(width) × \(height) at \(x), \(y) reaches out of an image of "
                    + "\(pixels.header.width) × \(pixels.header.height)"
            )
        }
        return try pixels.cropping(x: x, y: y, width: width, height: height, a.call)
    }

    private static let smartCrop = pages(
        "smart_crop",
        "The most interesting rectangle of a size.",
        [
            .required("width", ImageParameter.anySize, "Its width."),
            .required("height", ImageParameter.anySize, "Its height."),
            .optional("interesting", ImageParameter.interesting, "attention", "What is interesting."),
        ]
    ) { (pixels, a) throws(ImageError) in
        let (width, height) = (a.integer("width"), a.integer("height"))
        guard width <= pixels.header.width, height <= pixels.header.height else {
            throw ImageError(
                .argument,
                "\(width) × \(height) is more than the image's \(pixels.header.width) × \(pixels.header.height)"
            )
        }
        return try pixels.applying(
            "smartcrop",
            a.call,
            ["width": .integer(width), "height": .integer(height), "interesting": .text(a.text("interesting"))],
            input: "input"
        )
    }

    private static let rotate = pages(
        "rotate",
        "The image turned clockwise; by multiples of 90 degrees exactly.",
        [
            .required("degrees", .number(-36_000...36_000), "By how much."), ImageParameter.background,
        ]
    ) { (pixels, a) throws(ImageError) in
        let quarters = a.number("degrees") / 90
        guard quarters == quarters.rounded() else {
            return try pixels.applying(
                "rotate",
                a.call,
                [
                    "angle": .number(a.number("degrees")),
                    "background": .numbers(try a.colour("background").bands(of: pixels.header)),
                ]
            )
        }
        let angle = ["d0", "d90", "d180", "d270"][(Int(quarters) % 4 + 4) % 4]
        return try pixels.applying("rot", a.call, ["angle": .text(angle)])
    }

    private static let flip = pages(
        "flip",
        "The image mirrored.",
        [
            .required(
                "direction",
                .choice(["horizontal", "vertical"]),
                "Whether left and right change places, or top and bottom."
            )
        ]
    ) { (pixels, a) throws(ImageError) in
        try pixels.applying("flip", a.call, ["direction": .text(a.text("direction"))])
    }

    private static let autoOrient = pages(
        "auto_orient",
        "The image as its orientation says it is seen."
    ) { (pixels, a) throws(ImageError) in
        try pixels.applying("autorot", a.call)
    }

    private static let fill: [ImageParameter] = [
        .optional(
            "extend",
            .choice(["black", "copy", "repeat", "mirror", "white", "background"]),
            "background",
            "What the new pixels are: a colour, the nearest edge, or the image again."
        ),
        ImageParameter.background,
    ]

    private static let pad = pages(
        "pad",
        "The image on a larger canvas.",
        [
            .required("width", ImageParameter.anySize, "The canvas's width."),
            .required("height", ImageParameter.anySize, "The canvas's height."),
            .optional("gravity", .choice(ImageParameter.gravities), "centre", "Where the image is on it."),
        ] + fill
    ) { (pixels, a) throws(ImageError) in
        try pixels.applying(
            "gravity",
            a.call,
            [
                "direction": .text(a.text("gravity")), "width": .integer(a.integer("width")),
                "height": .integer(a.integer("height")), "extend": .text(a.text("extend")),
                "background": .numbers(try a.colour("background").bands(of: pixels.header)),
            ]
        )
    }

    private static let embed = pages(
        "embed",
        "The image at a place of a canvas, which may cut it off.",
        [
            .required("x", ImageParameter.anyPlace, "Where its left edge is."),
            .required("y", ImageParameter.anyPlace, "Where its upper edge is."),
            .required("width", ImageParameter.anySize, "The canvas's width."),
            .required("height", ImageParameter.anySize, "The canvas's height."),
        ] + fill
    ) { (pixels, a) throws(ImageError) in
        try pixels.applying(
            "embed",
            a.call,
            [
                "x": .integer(a.integer("x")), "y": .integer(a.integer("y")), "width": .integer(a.integer("width")),
                "height": .integer(a.integer("height")), "extend": .text(a.text("extend")),
                "background": .numbers(try a.colour("background").bands(of: pixels.header)),
            ]
        )
    }

    private static let replicate = pages(
        "replicate",
        "The image beside and below itself.",
        [
            .required("across", .integer(1...10_000), "How often beside itself."),
            .required("down", .integer(1...10_000), "How often below itself."),
        ]
    ) { (pixels, a) throws(ImageError) in
        try a.call.limits.check(
            "the result",
            width: ImageLimits.product(pixels.header.width, a.integer("across")),
            pageHeight: ImageLimits.product(pixels.header.height, a.integer("down")),
            pages: 1,
            bytes: 0
        )
        return try pixels.applying(
            "replicate",
            a.call,
            ["across": .integer(a.integer("across")), "down": .integer(a.integer("down"))]
        )
    }

    private static let frame = pixels(
        "frame",
        "One frame of an animation, or page, as an image.",
        [.required("index", .integer(0...99_999), "Which, counted from 0.")]
    ) { (pixels, a) throws(ImageError) in
        guard a.integer("index") < pixels.header.pages else {
            throw ImageError(
                .argument,
                "there is no frame \(a.integer("index")), there are \(pixels.header.pages) (see pages of load)"
            )
        }
        return try pixels.page(a.integer("index"), a.call)
    }
}

/// A thumbnail, of a file where the image is one.
private struct Thumbnail {
    private let width: Int
    private let height: Int
    private let settings: [(String, VipsSetting)]

    init(_ a: BoundArguments) {
        width = a.integer("width")
        height = a.optionalInteger("height") ?? width
        settings = [
            ("width", .integer(width)), ("height", .integer(height)), ("crop", .text(a.text("crop"))),
            ("size", .text(a.text("size"))), ("no-rotate", .boolean(a.boolean("no_rotate"))),
            ("linear", .boolean(a.boolean("linear"))),
        ]
    }

    func make(of image: Image, _ call: ImageCall) throws(ImageError) -> Image {
        try call.limits.check("the thumbnail", width: width, pageHeight: height, pages: image.pages, bytes: 0)
        guard let file = image.file, !image.isDecoded else {
            let pixels = try image.pixels(call)
            return Image(
                try pixels.mappingPages(call) { (page) throws(ImageError) in
                    try run(try VipsCall("thumbnail_image", ["in": .image(page)]), call)
                }
            )
        }
        return Image(
            try ImageFile.reading { () throws(ImageError) in
                let vips = try VipsCall("thumbnail_buffer", ["buffer": .bytes(file.bytes)])
                vips.set("option-string", .text(file.loading.options(file.format)))
                vips.set("fail-on", .text(file.loading.failOn.rawValue))
                return try run(vips, call)
            }
        )
    }

    private func run(_ vips: VipsCall, _ call: ImageCall) throws(ImageError) -> Pixels {
        for (name, setting) in settings { vips.set(name, setting) }
        return try vips.image(call)
    }
}
