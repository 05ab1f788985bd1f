internal import CVips
import TidemillValue

// Colours and tones. Transparency stays as it is.
extension ImageOperation {
    static let colour: [ImageOperation] = [
        grayscale, toSRGB, colourspace, gamma, brightness, contrast, modulate, threshold, invert, flatten,
    ]

    private static let factor = ImageParameter.Kind.number(0...100)

    private static let grayscale = pixels("grayscale", "The image without its colours.") {
        (pixels, a) throws(ImageError) in
        try pixels.applying(
            "colourspace",
            a.call,
            ["space": .text(pixels.header.format == "ushort" ? "grey16" : "b-w")]
        )
    }

    private static let toSRGB = pixels(
        "to_srgb",
        "The image in the colours of screens, with its colour profile applied; 8 bits a sample."
    ) { (pixels, a) throws(ImageError) in
        try pixels.inSRGB(a.call)
    }

    private static let colourspace = pixels(
        "colourspace",
        "The image in another colour space.",
        [
            .required(
                "space",
                .choice(["srgb", "b-w", "rgb16", "grey16", "scrgb", "lab", "lch", "hsv", "xyz", "cmyk"]),
                "Which."
            )
        ]
    ) { (pixels, a) throws(ImageError) in
        try pixels.applying("colourspace", a.call, ["space": .text(a.text("space"))])
    }

    private static let gamma = pixels(
        "gamma",
        "The middle tones lighter, above 1, or darker.",
        [.optional("exponent", .number(0.01...100), .number(2.4), "By how much.")]
    ) { (pixels, a) throws(ImageError) in
        try pixels.onColours(a.call) { (pixels) throws(ImageError) in
            try pixels.applying("gamma", a.call, ["exponent": .number(a.number("exponent"))])
        }
    }

    private static let brightness = pixels(
        "brightness",
        "All tones lighter, above 1, or darker.",
        [.required("factor", factor, "What they are multiplied by.")]
    ) { (pixels, a) throws(ImageError) in
        try pixels.linear(a.call, factor: a.number("factor"), offset: 0)
    }

    private static let contrast = pixels(
        "contrast",
        "Tones farther from the middle grey, above 1, or nearer.",
        [.required("factor", factor, "What the distance is multiplied by.")]
    ) { (pixels, a) throws(ImageError) in
        let middle = pixels.header.white / 2
        return try pixels.linear(a.call, factor: a.number("factor"), offset: middle * (1 - a.number("factor")))
    }

    private static let modulate = pixels(
        "modulate",
        "Lightness, saturation and hue changed as the eye sees them.",
        [
            .optional("brightness", factor, 1, "What lightness is multiplied by."),
            .optional("saturation", factor, 1, "What saturation is multiplied by."),
            .optional("hue", .number(-360...360), 0, "How many degrees hues are turned by."),
        ]
    ) { (pixels, a) throws(ImageError) in
        let lch = try pixels.applying("colourspace", a.call, ["space": .text("lch")])
        let others = lch.header.bands - 3
        let changed = try lch.applying(
            "linear",
            a.call,
            [
                "a": .numbers(
                    [a.number("brightness"), a.number("saturation"), 1] + Array(repeating: 1, count: others)
                ),
                "b": .numbers([0, 0, a.number("hue")] + Array(repeating: 0, count: others)),
            ]
        )
        return try changed.applying(
            "colourspace",
            a.call,
            ["space": .text(pixels.header.format == "ushort" ? "rgb16" : "srgb"), "source-space": .text("lch")]
        )
    }

    private static let threshold = pixels(
        "threshold",
        "White where the image is at least that light, black elsewhere.",
        [.optional("value", .number(0...255), 128, "How light, of 255.")]
    ) { (pixels, a) throws(ImageError) in
        let grey = try pixels.applying(
            "colourspace",
            a.call,
            ["space": .text(pixels.header.format == "ushort" ? "grey16" : "b-w")]
        )
        let light = try grey.applying("extract_band", a.call, ["band": .integer(0)])
        return try light.applying(
            "relational_const",
            a.call,
            ["relational": .text("moreeq"), "c": .numbers([a.number("value") * light.header.white / 255])]
        )
    }

    private static let invert = pixels("invert", "The negative.") { (pixels, a) throws(ImageError) in
        try pixels.onColours(a.call) { (pixels) throws(ImageError) in try pixels.applying("invert", a.call) }
    }

    private static let flatten = pixels(
        "flatten",
        "The image without transparency, on a colour.",
        [ImageParameter.background]
    ) { (pixels, a) throws(ImageError) in
        try pixels.flattened(a.colour("background"), a.call)
    }
}

extension Pixels {
    /// The same in sRGB, 8 bits a sample.
    func inSRGB(_ call: ImageCall) throws(ImageError) -> Pixels {
        if hasField("icc-profile-data"), header.interpretation != "b-w" || header.colours == 1 {
            let profiled = try? applying(
                "icc_transform",
                call,
                ["output-profile": .text("srgb"), "embedded": .boolean(true)]
            )
            // A damaged profile, or one of another kind of image, is no reason to lose the image.
            if let profiled { return profiled }
            try call.check()
        }
        return try applying("colourspace", call, ["space": .text("srgb")])
    }

    /// The same without transparency, on a colour.
    func flattened(_ background: Colour, _ call: ImageCall) throws(ImageError) -> Pixels {
        guard header.hasAlpha else { return self }
        let colour = Array(try background.bands(of: header).prefix(header.colours))
        return try applying(
            "flatten",
            call,
            ["background": .numbers(colour), "max-alpha": .number(header.white)]
        )
    }

    /// What `body` makes of the bands that are colours, with the transparency of before.
    func onColours(_ call: ImageCall, _ body: (Pixels) throws(ImageError) -> Pixels) throws(ImageError) -> Pixels {
        guard header.hasAlpha else { return try body(self) }
        let made = try body(try extracting(0, header.colours, call))
        let alpha = try extracting(header.colours, 1, call)
        return try VipsCall("bandjoin", ["in": .images([made, alpha])]).image(call)
    }

    /// Some of the bands.
    func extracting(_ band: Int, _ count: Int, _ call: ImageCall) throws(ImageError) -> Pixels {
        try applying("extract_band", call, ["band": .integer(band), "n": .integer(count)])
    }

    /// Each colour sample times a factor plus an offset, in the type that it has.
    func linear(_ call: ImageCall, factor: Double, offset: Double) throws(ImageError) -> Pixels {
        let alpha = header.hasAlpha
        let made = try applying(
            "linear",
            call,
            [
                "a": .numbers(Array(repeating: factor, count: header.colours) + (alpha ? [1] : [])),
                "b": .numbers(Array(repeating: offset, count: header.colours) + (alpha ? [0] : [])),
                "uchar": .boolean(header.format == "uchar"),
            ]
        )
        return made.header.format == header.format
            ? made : try made.applying("cast", call, ["format": .text(header.format)])
    }
}
