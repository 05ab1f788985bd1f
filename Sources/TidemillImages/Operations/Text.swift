import TidemillValue

/// Text to be set.
struct Text {
    static let parameters: [ImageParameter] = [
        .optional("font", .text, "sans", "The font, like `sans bold`."),
        .optional("size", .number(1...2_000), 24, "The letters' size in points, which are pixels at 72 dpi."),
        .optional("colour", .colour, "white", "The letters' colour."),
        .optional("width", .integer(1...65_500), nil, "Where lines are broken."),
        .optional("align", .choice(["low", "centre", "high"]), "low", "How lines are aligned."),
        .optional("dpi", .integer(10...1_200), 72, "Pixels to an inch."),
        .optional("markup", .boolean, false, "Whether the text is Pango markup, with tags like `<b>`."),
    ]

    private let arguments: BoundArguments

    init(_ arguments: BoundArguments) { self.arguments = arguments }

    /// The letters in their colour, transparent around them.
    func pixels(_ call: ImageCall) throws(ImageError) -> Pixels {
        let mask = try mask(call)
        let colour = arguments.colour("colour")
        let solid = try Pixels.canvas(mask.header.width, mask.header.height, colour.rgb, call)
        let alpha = try mask.linear(call, factor: colour.opacity, offset: 0)
        return try VipsCall("bandjoin", ["in": .images([solid, alpha])]).image(call)
    }

    /// How much of each pixel is covered.
    private func mask(_ call: ImageCall) throws(ImageError) -> Pixels {
        try ImageLibrary.open()
        guard ImageLibrary.fontCount > 0 else {
            throw ImageError(
                .unavailable,
                "there are no fonts: install some, e.g. with `apt install fonts-dejavu-core`"
            )
        }
        let text = arguments.text("text")
        guard text.utf8.count <= 10_000 else { throw ImageError(.argument, "text is at most 10,000 bytes long") }
        guard !text.allSatisfy(\.isWhitespace) else { throw ImageError(.argument, "text has no letters") }
        try checkSize(text, call)
        let vips = try VipsCall(
            "text",
            [
                "text": .text(arguments.boolean("markup") ? text : Self.escaped(text)),
                "font": .text("\(arguments.text("font")) \(arguments.number("size"))"),
                "dpi": .integer(arguments.integer("dpi")), "align": .text(arguments.text("align")),
            ]
        )
        if let width = arguments.optionalInteger("width") { vips.set("width", .integer(width)) }
        return try vips.image(call)
    }

    /// Text is drawn before its size is known, so its limit is an estimate from above: letters as wide as high.
    private func checkSize(_ text: String, _ call: ImageCall) throws(ImageError) {
        let em = arguments.number("size") * Double(arguments.integer("dpi")) / 72
        guard em * em * Double(text.count) <= Double(call.limits.maxPixels) else {
            throw ImageError(.limit, "text of that size and length may exceed max_pixels, \(call.limits.maxPixels)")
        }
    }

    /// Libvips takes all text for markup.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
